//! Rules against 100,000 seeded mutations: each is taken or refused, and what is taken is evaluated within
//! its length.

use super::limits::{reads, rules};
use super::*;

const ROUNDS: usize = 100_000;

/// What rules are made of, so that some mutations are rules again.
const PARTS: [&str; 20] = [
    "context.pci",
    "algorithm.key_bits",
    "operation",
    "'encrypt'",
    "true",
    "1",
    " && ",
    " || ",
    " == ",
    " != ",
    " + ",
    " - ",
    " in ",
    " ? ",
    " : ",
    "!",
    "(",
    ")",
    "[",
    "]",
];

/// xorshift64*, Vigna 2016.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 32).unwrap() % end.max(1)
    }
}

/// One to four of: flip, insert a part, remove, cut, repeat.
fn mutate(seed: &str, random: &mut Random) -> String {
    let mut bytes = seed.as_bytes().to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        let part = PARTS[random.below(PARTS.len())];
        match random.below(5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 => bytes.truncate(at),
            3 => bytes.extend_from_within(at..),
            _ => drop(bytes.splice(at..at, part.bytes())),
        }
        bytes.truncate(1100);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn rules_survive() {
    let mut random = Random(0x0005_eed0_f0e7_1061);
    let mut seeds: Vec<_> = rules().into_iter().map(|(rule, _)| rule).collect();
    let short = [
        "context.sensitivity != 'critical' || algorithm.key_bits >= 256",
        "!('PCI-DSS' in context.frameworks) || time.hour < 9 || size(identity.team) > 0",
        "context.pci ? algorithm.name.startsWith('AES') : operation in ['encrypt', 'decrypt']",
    ];
    seeds.extend(short.map(str::to_owned));
    let mut taken = 0;
    for round in 0..ROUNDS {
        let rule = mutate(&seeds[round % seeds.len()], &mut random);
        let Ok(guard) = guard(&rule, GuardSeverity::Block) else {
            continue;
        };
        taken += 1;
        assert!(reads(&guard) <= rule.len(), "{rule}");
    }
    assert!(taken > 1000, "{taken} of {ROUNDS} are taken");
}
