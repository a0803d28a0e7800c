//! The overlay as a graph: hosts that are not gone, and the connections between them over which frames flow.

use crate::network::Network;

/// Neighbours of each host, by number.
#[must_use]
pub fn neighbours(network: &Network) -> Vec<Vec<u32>> {
    let mut neighbours = vec![Vec::new(); network.hosts().len()];
    for (number, host) in network.hosts().iter().enumerate().filter(|(_, host)| host.is_alive()) {
        for leg in host.legs.iter().filter(|leg| leg.up) {
            let connection = &network.connections()[leg.connection.0 as usize];
            let there = connection.end(leg.side ^ 1);
            if connection.is_open() && !connection.cut && network.hosts()[there.host as usize].is_alive() {
                neighbours[number].push(there.host);
            }
        }
        neighbours[number].sort_unstable();
        neighbours[number].dedup();
    }
    neighbours
}

/// Hosts that are not gone, as sets that can reach each other; the largest first.
#[must_use]
pub fn components(network: &Network) -> Vec<Vec<u32>> {
    let neighbours = neighbours(network);
    let mut seen = vec![false; neighbours.len()];
    let mut components = Vec::new();
    for start in network.living() {
        if std::mem::replace(&mut seen[start as usize], true) {
            continue;
        }
        let mut component = vec![start];
        let mut next = 0;
        while let Some(at) = component.get(next).copied() {
            next += 1;
            for &there in &neighbours[at as usize] {
                if !std::mem::replace(&mut seen[there as usize], true) {
                    component.push(there);
                }
            }
        }
        components.push(component);
    }
    components.sort_by_key(|component| std::cmp::Reverse(component.len()));
    components
}

/// Whether all hosts that are not gone can reach each other.
#[must_use]
pub fn is_connected(network: &Network) -> bool {
    components(network).len() <= 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        faults::Partition,
        network::{Manner, Settings},
        time::{MS, SECOND},
    };

    fn room(hosts: u32) -> Network {
        let mut network = Network::new(Settings { latency: 10 * MS, ..Settings::default() });
        (0..hosts).for_each(|_| {
            network.spawn();
            network.run_for(SECOND);
        });
        network.run_for(5 * SECOND);
        network
    }

    #[test]
    fn a_room_of_four_is_a_full_mesh() {
        let network = room(4);
        assert_eq!(neighbours(&network), [vec![1, 2, 3], vec![0, 2, 3], vec![0, 1, 3], vec![0, 1, 2]]);
        assert!(is_connected(&network));
    }

    #[test]
    fn what_is_cut_off_is_a_component_of_its_own_before_anybody_notices() {
        let mut network = room(4);
        network.add_fault(Box::new(Partition::of([2].into_iter().collect())));
        assert_eq!(components(&network).iter().map(Vec::len).collect::<Vec<_>>(), [3, 1]);
        assert!(!is_connected(&network));
    }

    #[test]
    fn the_dead_are_in_no_component() {
        let mut network = room(3);
        network.crash(1, Manner::Killed);
        assert_eq!(components(&network), [vec![0, 2]]);
        assert_eq!(neighbours(&network)[1], Vec::<u32>::new());
    }
}
