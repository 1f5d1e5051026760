//! Whether values resist quantum computers.
//!
//! What a quantum computer does to a symmetric cipher is search, of which 128 of 256 bits are left: CNSA 2.0
//! asks for AES-256 and no more, and NIST's category 5 is defined by it. So a value resists if its suite
//! has keys of 256 bits and everything that wraps its key is symmetric too: the deployment's root, or the
//! customer's key. Under an RSA key it does not, whatever the suite. It says nothing of the TLS on the way.

use strongroom_types::{KeyContext, Suite};

use super::find::NamedContext;
use super::map_of;
use crate::denial::Denial;
use crate::ports::Wrapper;
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;
use strongroom_types::body::NamedContextInfo;

/// The fewest bits of a key that resists.
pub(crate) const QUANTUM_RESISTANT_BITS: u16 = 256;

/// Whether what a suite seals resists, where all that wraps its key is symmetric or is not.
pub(crate) const fn resists_quantum(suite: Suite, symmetric: bool) -> bool {
    symmetric && suite.key_bits() >= QUANTUM_RESISTANT_BITS
}

impl Strongroom {
    /// Whether what wraps a key is symmetric.
    pub(crate) fn wraps_symmetrically(&self, state: &WorkspaceState, wrapper: Wrapper) -> bool {
        match wrapper {
            Wrapper::Root(_) => self.root.is_symmetric(),
            Wrapper::Customer(id) => {
                let known = state.customer_keys.find(id);
                known.is_ok_and(|known| known.body.key.is_symmetric())
            }
        }
    }

    /// Whether what is to wrap the keys of a key context is symmetric.
    pub(crate) fn will_wrap_symmetrically(&self, state: &WorkspaceState, map: &KeyContext) -> bool {
        let wrapper = state.policies.rules(map).wrapper();
        wrapper.is_ok_and(|wrapper| self.wraps_symmetrically(state, wrapper))
    }

    /// What is said of a named context.
    pub(crate) fn named_info(
        &self,
        state: &WorkspaceState,
        named: &NamedContext,
    ) -> Result<NamedContextInfo, Denial> {
        let symmetric = self.will_wrap_symmetrically(state, &map_of(&named.body.name)?);
        Ok(named.info(resists_quantum(named.body.resolved.suite, symmetric)))
    }
}
