//! Whom a connection is counted under, and how many there may be.
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use axum::http::{HeaderMap, HeaderName};

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What is counted as one: an IPv4 address, or the /64 network of an IPv6 address, for whoever has one has all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Address(IpAddr);

impl From<IpAddr> for Address {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
            v4 => v4,
        })
    }
}

impl Address {
    /// The address that the one proxy in front of us saw: the last in `X-Forwarded-For`. Those before it are hearsay.
    pub(crate) fn forwarded(headers: &HeaderMap) -> Option<Self> {
        let last = headers.get_all(&X_FORWARDED_FOR).iter().next_back()?.to_str().ok()?;
        let last = last.rsplit(',').next()?.trim();
        last.parse::<IpAddr>().ok().map(Self::from)
    }
}

/// How many connections each address has.
#[derive(Debug)]
pub(crate) struct Addresses {
    counts: Mutex<HashMap<Address, usize>>,
    each_max: usize,
}

/// The place of one connection. It is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    addresses: Arc<Addresses>,
    address: Address,
}

impl Addresses {
    pub(crate) fn new(each_max: usize) -> Arc<Self> {
        Arc::new(Self { counts: Mutex::default(), each_max })
    }

    /// Takes a place for another connection of `address`, if it may have one more.
    pub(crate) fn enter(self: &Arc<Self>, address: Address) -> Option<Place> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&address).copied().unwrap_or(0);
        if count >= self.each_max {
            return None;
        }
        counts.insert(address, count + 1);
        Some(Place { addresses: Arc::clone(self), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.addresses.counts.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(&self.address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(counts.remove(&self.address)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse::<IpAddr>().unwrap().into()
    }

    fn forwarded(values: &[&str]) -> Option<Address> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&X_FORWARDED_FOR, value.parse().unwrap());
        }
        Address::forwarded(&headers)
    }

    #[test]
    fn an_address_has_so_many_places_and_gets_them_back() {
        let addresses = Addresses::new(2);
        let first = addresses.enter(address("192.0.2.1"));
        let second = addresses.enter(address("192.0.2.1"));
        assert!(first.is_some() && second.is_some());
        assert!(addresses.enter(address("192.0.2.1")).is_none());
        assert!(addresses.enter(address("192.0.2.2")).is_some());
        drop(first);
        assert!(addresses.enter(address("192.0.2.1")).is_some());
    }

    #[test]
    fn nothing_is_kept_of_an_address_without_connections() {
        let addresses = Addresses::new(2);
        drop((addresses.enter(address("192.0.2.1")), addresses.enter(address("192.0.2.1"))));
        assert!(addresses.counts.lock().unwrap().is_empty());
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::9"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
    }

    #[test]
    fn the_last_forwarded_address_counts() {
        assert_eq!(forwarded(&["192.0.2.1"]), Some(address("192.0.2.1")));
        assert_eq!(forwarded(&["203.0.113.9, 192.0.2.1"]), Some(address("192.0.2.1")));
        assert_eq!(forwarded(&["203.0.113.9", "192.0.2.1"]), Some(address("192.0.2.1")));
        assert_eq!(forwarded(&["192.0.2.1, nonsense"]), None);
        assert_eq!(forwarded(&[]), None);
    }
}
