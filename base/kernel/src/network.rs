//! Networks of the internet protocol, as administrators write them.

use std::net::IpAddr;

/// A network in CIDR form, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: u128,
    bits: u32,
    v4: bool,
}

impl Network {
    /// Reads `10.0.0.0/8`, `2001:db8::/32` or an address.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let (base, v4) = number(address.parse().ok()?);
        let width = if v4 { 32 } else { 128 };
        let bits = bits.unwrap_or(width);
        (bits <= width).then_some(Self { base, bits, v4 })
    }

    /// Reads a list parted by commas, semicolons, blanks or line breaks; the error is the first entry that is no network.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, String> {
        entries(text).map(|entry| Self::parse(entry).ok_or_else(|| entry.to_owned())).collect()
    }

    /// The networks of such a list; what is none is passed over.
    pub fn read_list(text: &str) -> impl Iterator<Item = Self> {
        entries(text).filter_map(Self::parse)
    }

    /// Whether `address` lies within.
    pub fn holds(&self, address: IpAddr) -> bool {
        let (number, v4) = number(address);
        let width = if self.v4 { 32 } else { 128 };
        let shift = width - self.bits;
        v4 == self.v4 && (shift >= 128 || number >> shift == self.base >> shift)
    }
}

fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';', ' ', '\n', '\r', '\t', '，', '；', '、']).filter(|entry| !entry.is_empty())
}

fn number(address: IpAddr) -> (u128, bool) {
    match address.to_canonical() {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)), true),
        IpAddr::V6(v6) => (u128::from(v6), false),
    }
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn a_list_is_read_whole_or_names_what_is_wrong() {
        let list = Network::parse_list("10.0.0.0/8, 2001:db8::/32\n192.0.2.7，198.51.100.0/24").unwrap();
        let held = |address: &str| list.iter().any(|network| network.holds(address.parse().unwrap()));
        assert!(held("10.9.8.7") && held("2001:db8::5") && held("192.0.2.7") && held("198.51.100.200") && held("::ffff:10.1.1.1"));
        assert!(!held("192.0.2.8") && !held("2001:db9::5") && !held("11.0.0.0"));
        assert_eq!(Network::parse_list("10.0.0.0/8 office"), Err("office".to_owned()));
        assert_eq!(Network::parse_list("10.0.0.0/33"), Err("10.0.0.0/33".to_owned()));
        assert_eq!(Network::parse_list(" ,"), Ok(Vec::new()));
        let read: Vec<Network> = Network::read_list("10.0.0.0/8；office、192.0.2.0/24").collect();
        assert_eq!(Ok(read), Network::parse_list("10.0.0.0/8 192.0.2.0/24"), "what is saved is what is read");
    }
}
