//! CryptoServe's API, request by request.

mod applications;
mod attacks;
mod audit;
mod brought;
mod contexts;
mod crypto;
mod dev_login;
mod import;
mod import_applications;
mod import_fips;
mod import_postgres;
mod kex;
mod key_bundle;
mod leases;
mod nodes;
mod overrides;
mod policies;
mod pqc;
mod promotion;
mod reasons;
mod roles;
mod rows;
mod seal_again;
mod sign_in;
mod signatures;
mod tokens;
mod tools;
mod turns;
mod users;

use strongroom_tests::reply::Reply;

/// Checks that an answer is a refusal in their words, and gives the text.
fn refused(reply: &Reply, status: u16) -> String {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/json"));
    reply.text("detail")
}

/// What is said of what does not open.
const NOT_OPENED: &str = "Decryption failed";
