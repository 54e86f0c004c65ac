//! Random numbers: the host's, and a generator that the host seeds.

use crate::status::Answered;
use crate::{sys, Result};

/// Fills bytes with random ones of the host's, fit for keys. From `init` it is
/// [`Status::PHASE`](crate::Status::PHASE).
pub fn fill(bytes: &mut [u8]) -> Result<()> {
    const AT_ONCE: usize = 64 << 10;
    for part in bytes.chunks_mut(AT_ONCE) {
        Answered(unsafe { sys::random::fill(part.as_mut_ptr(), part.len()) }).ok()?;
    }
    Ok(())
}

/// A random number of the host's.
pub fn u64() -> Result<u64> {
    let mut bytes = [0; 8];
    fill(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// A fast generator, xoshiro256\*\*; not fit for keys.
///
/// One that an extension keeps is frozen with its memory and repeats itself in
/// each activation under the isolation mode Fresh: make it in the hook, by
/// [`Operation::rng`](crate::Operation::rng).
#[derive(Clone, Debug)]
pub struct Rng([u64; 4]);

impl Rng {
    /// Begins the sequence that belongs to a seed.
    pub fn from_seed(seed: &[u8; 32]) -> Rng {
        let mut s = [0u64; 4];
        for (word, bytes) in s.iter_mut().zip(seed.chunks_exact(8)) {
            *word = bytes.iter().rev().fold(0, |v, &b| v << 8 | u64::from(b));
        }
        // All zero is the one state that it cannot leave.
        if s == [0; 4] {
            s[0] = 0x9e37_79b9_7f4a_7c15;
        }
        Rng(s)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A number from 0 up to but not including n; 0 for an n of 0.
    pub fn below(&mut self, n: u64) -> u64 {
        // https://arxiv.org/abs/1805.10941
        let mut wide = u128::from(self.next_u64()) * u128::from(n);
        if (wide as u64) < n {
            let least = n.wrapping_neg() % n;
            while (wide as u64) < least {
                wide = u128::from(self.next_u64()) * u128::from(n);
            }
        }
        (wide >> 64) as u64
    }

    /// A number from 0 up to but not including 1.
    pub fn f64(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }
}
