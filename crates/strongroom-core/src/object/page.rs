//! Page tokens of lists of objects: one token names a page, and both its neighbours.

use serde::{Deserialize, Serialize};
use strongroom_types::base32;
use strongroom_types::body::Order;

use crate::caller::Caller;
use crate::denial::{Denial, Invalid};

/// A page of a list: its order, and its first and last place in the order of the entries that made
/// the objects. Sealed for one client, because those may be of objects that the caller may not know
/// of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PagePlace {
    pub(super) order: Order,
    pub(super) first: u64,
    pub(super) last: u64,
}

/// The place of a sealed page token: of one client, so that it is nobody else's.
fn place(caller: &Caller) -> [&[u8]; 3] {
    let (workspace, client) = (&caller.state.id, &caller.client.id);
    [b"objects page", workspace.as_bytes(), client.as_bytes()]
}

impl PagePlace {
    pub(super) fn token(&self, caller: &Caller) -> Result<String, Denial> {
        let sealed = caller.state.keys.seal_body(&place(caller), self)?;
        Ok(base32::encode(&sealed))
    }

    /// # Errors
    /// It is not a token of this list and client.
    pub(super) fn read(caller: &Caller, token: &str) -> Result<Self, Denial> {
        let open = || {
            let sealed = base32::decode(token)?;
            let keys = &caller.state.keys;
            keys.open_body("page", &place(caller), &sealed).ok()
        };
        open().ok_or(Denial::Invalid(Invalid::PageToken))
    }
}

/// From where a page is read, and in which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Begin {
    /// The order of the list.
    pub(super) order: Order,
    /// Whether the page lies ahead of the place: it is read in the other order.
    pub(super) ahead: bool,
    /// Behind this place in the direction of reading; from the end of the list if absent.
    pub(super) behind: Option<u64>,
}

impl Begin {
    /// # Errors
    /// The order is another than the token's, or both tokens are given.
    pub(super) fn new(
        order: Option<Order>,
        before: Option<PagePlace>,
        after: Option<PagePlace>,
    ) -> Result<Self, Denial> {
        let (place, ahead) = match (before, after) {
            (None, None) => {
                return Ok(Self {
                    order: order.unwrap_or(Order::Desc),
                    ahead: false,
                    behind: None,
                });
            }
            (Some(place), None) => (place, true),
            (None, Some(place)) => (place, false),
            (Some(_), Some(_)) => return Err(Invalid::Parameter("before").into()),
        };
        if order.is_some_and(|order| order != place.order) {
            return Err(Invalid::PageToken.into());
        }
        Ok(Self {
            order: place.order,
            ahead,
            behind: Some(if ahead { place.first } else { place.last }),
        })
    }

    /// The order of reading.
    pub(super) const fn reading(&self) -> Order {
        if self.ahead {
            self.order.reversed()
        } else {
            self.order
        }
    }

    /// The page that begins at `near` and ends at `far`, as read.
    pub(super) const fn page(&self, near: u64, far: u64) -> PagePlace {
        let (first, last) = if self.ahead { (far, near) } else { (near, far) };
        PagePlace {
            order: self.order,
            first,
            last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: PagePlace = PagePlace {
        order: Order::Asc,
        first: 3,
        last: 9,
    };

    #[test]
    fn a_token_leads_to_both_neighbours() {
        let behind = Begin::new(None, None, Some(PLACE)).unwrap();
        assert_eq!((behind.reading(), behind.behind), (Order::Asc, Some(9)));
        assert_eq!(behind.page(10, 20).last, 20);
        let ahead = Begin::new(Some(Order::Asc), Some(PLACE), None).unwrap();
        assert_eq!((ahead.reading(), ahead.behind), (Order::Desc, Some(3)));
        let page = ahead.page(2, 1);
        assert_eq!((page.first, page.last), (1, 2));
    }

    #[test]
    fn a_token_of_another_order_is_not_of_this_list() {
        let fault = Denial::Invalid(Invalid::PageToken);
        assert_eq!(Begin::new(Some(Order::Desc), None, Some(PLACE)), Err(fault));
        assert!(Begin::new(None, Some(PLACE), Some(PLACE)).is_err());
    }
}
