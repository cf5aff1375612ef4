//! How many connections each client has, where that is bounded.
//!
//! A client is an IPv4 address or an IPv6 network of 64 bits, which is what one customer gets. Key
//! types: [`Clients`], [`Place`].

use std::{
    collections::{HashMap, hash_map::Entry},
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// One client. IPv4 addresses in the notation of IPv6 are what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Client {
    Address(u32),
    Network(u64),
}

impl From<IpAddr> for Client {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::Address(address.to_bits()),
            IpAddr::V6(address) => Self::Network((address.to_bits() >> 64) as u64),
        }
    }
}

/// The counts of all clients that have a connection.
#[derive(Debug)]
pub(crate) struct Clients {
    most: usize,
    counts: Mutex<HashMap<Client, NonZeroU32>>,
}

/// The right to one of a client's connections.
#[derive(Debug)]
pub(crate) struct Place {
    clients: Arc<Clients>,
    client: Client,
}

impl Clients {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            counts: Mutex::default(),
        })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<Client, NonZeroU32>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None`: the client has as many as it may have.
    pub(crate) fn admit(self: &Arc<Self>, peer: SocketAddr) -> Option<Place> {
        let client = Client::from(peer.ip());
        let mut counts = self.counts();
        let count = counts.get(&client).map_or(0, |count| count.get());
        if count as usize >= self.most {
            return None;
        }
        counts.insert(client, NonZeroU32::MIN.saturating_add(count));
        drop(counts);
        Some(Place {
            clients: Arc::clone(self),
            client,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.clients.counts();
        if let Entry::Occupied(mut entry) = counts.entry(self.client) {
            match NonZeroU32::new(entry.get().get() - 1) {
                Some(less) => drop(entry.insert(less)),
                None => drop(entry.remove()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_its_own_count() {
        let clients = Clients::new(2);
        let admit = |text: &str| clients.admit(SocketAddr::new(text.parse().unwrap(), 1));
        let first = admit("10.0.0.1").unwrap();
        let _second = admit("::ffff:10.0.0.1").unwrap();
        assert!(admit("10.0.0.1").is_none());
        assert!(admit("10.0.0.2").is_some(), "and gone again at once");
        drop(first);
        assert!(admit("10.0.0.1").is_some());
        assert_eq!(clients.counts().len(), 1);
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let clients = Clients::new(1);
        let admit = |text: &str| clients.admit(SocketAddr::new(text.parse().unwrap(), 1));
        let _first = admit("2001:db8:0:1::1").unwrap();
        assert!(admit("2001:db8:0:1:ffff::2").is_none());
        assert!(admit("2001:db8:0:2::1").is_some());
    }
}
