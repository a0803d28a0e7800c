//! The room is cut in two, and becomes one again.

use super::{Stage, state};
use crate::{
    bits::Bits,
    faults::{Isolation, Partition},
    random::{Concern, RngExt, SliceRandom, stream},
    time::{Micros, SECOND},
};

/// How the room is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// In halves, at random.
    Halves,
    /// One member, apart from all others.
    One,
    /// A third, which hears the others and is not heard.
    OneWay,
    /// Members are cut off one by one, and come back in another order.
    Swizzle,
}

/// Members that write to maps, logs and counters while the room is cut.
const WRITERS: usize = 20;

/// Until the room is one again, at most.
const HEALING: Micros = 180 * SECOND;

pub(super) fn run(stage: &mut Stage, shape: Shape, lasts: Micros) {
    stage.warm_up();
    stage.begin();
    let hosts: Vec<u32> = stage.network.living().collect();
    match shape {
        Shape::Halves => cut(stage, |stage| Partition::share(hosts.into_iter(), 0.5, &mut stage.chance), lasts, write),
        Shape::One => {
            let one = stage.somebody();
            cut(stage, |_| Partition::of([one].into_iter().collect()), lasts, write);
        }
        Shape::OneWay => {
            cut(
                stage,
                |stage| Partition::share(hosts.into_iter(), 1.0 / 3.0, &mut stage.chance).one_way(),
                lasts,
                write,
            );
        }
        Shape::Swizzle => swizzle(stage, hosts, lasts),
    }
    let deadline = stage.network.now() + HEALING;
    stage.report.heal = Some(state::heal(stage, deadline));
    stage.judge_comparisons();
}

/// Cuts the room for a while, in the middle of which something happens.
pub(super) fn cut(
    stage: &mut Stage,
    how: impl FnOnce(&mut Stage) -> Partition,
    lasts: Micros,
    meanwhile: impl FnOnce(&mut Stage),
) {
    let partition = how(stage);
    let fault = stage.network.add_fault(Box::new(partition));
    stage.network.run_for(lasts / 2);
    meanwhile(stage);
    stage.network.run_for(lasts - lasts / 2);
    stage.network.remove_fault(fault);
}

/// Some on both sides write.
fn write(stage: &mut Stage) {
    let mut writers: Vec<u32> = stage.network.living().collect();
    writers.shuffle(&mut stream(stage.options.seed, Concern::State));
    writers.truncate(WRITERS);
    writers.into_iter().for_each(|host| state::write_all_kinds(stage, host));
}

fn swizzle(stage: &mut Stage, mut hosts: Vec<u32>, lasts: Micros) {
    hosts.shuffle(&mut stage.chance);
    let swizzled = stage.chance.random_range(1..=hosts.len().max(1) as u32);
    hosts.truncate(swizzled as usize);
    let step = lasts / (2 * u64::from(swizzled));
    let mut isolated = Bits::default();
    let mut fault = None;
    for coming_back in [false, true] {
        for host in &hosts {
            if coming_back {
                isolated.remove(*host)
            } else {
                isolated.insert(*host)
            };
            let next = stage.network.add_fault(Box::new(Isolation(isolated.clone())));
            fault.replace(next).into_iter().for_each(|before| stage.network.remove_fault(before));
            stage.network.run_for(step);
        }
        if !coming_back {
            write(stage);
        }
        hosts.shuffle(&mut stage.chance);
    }
    fault.into_iter().for_each(|fault| stage.network.remove_fault(fault));
}
