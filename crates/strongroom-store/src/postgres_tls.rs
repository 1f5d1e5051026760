//! TLS to PostgreSQL, where only what NIST approves may be negotiated.
//!
//! The driver offers what its library has, and cannot be told otherwise. So what was negotiated is looked at
//! as soon as there is a connection, before anything of ours is read or written: the cipher is the
//! connection's own; the key exchange is no longer to be seen, so that the server must not have one that is
//! not approved among its settings. Of a pooler between the two nothing is seen.

use std::net::IpAddr;

use sqlx::{AnyConnection, Row as _, query};

use crate::database::OpenError;

/// What TLS to PostgreSQL may negotiate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseTls {
    /// Whatever both sides know.
    Any,
    /// AES, after a key exchange over P-256 or P-384; without TLS only on the same machine.
    Approved,
}

/// TLS that NIST does not approve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnapprovedTls {
    /// The cipher is not AES.
    #[error("cipher of the tls connection to postgresql is not approved: it must be AES")]
    Cipher,
    /// The server would agree on another curve.
    #[error(
        "setting ssl_groups (ssl_ecdh_curve before PostgreSQL 18) of postgresql must list P-256 and \
         P-384 alone"
    )]
    Groups,
    /// There is none, and the server is on another machine.
    #[error(
        "postgresql on another machine must be reached by tls: add sslmode=verify-full to its url"
    )]
    Plain,
    /// The server does not say.
    #[error("postgresql does not say what its tls negotiated")]
    Unknown,
}

/// How OpenSSL writes the curves that are approved.
const CURVES: [&str; 5] = ["prime256v1", "secp256r1", "P-256", "secp384r1", "P-384"];

/// # Errors
/// [`OpenError::UnapprovedTls`].
pub(crate) async fn check(conn: &mut AnyConnection, tls: DatabaseTls) -> Result<(), OpenError> {
    match tls {
        DatabaseTls::Any => Ok(()),
        DatabaseTls::Approved => Ok(approved(conn).await??),
    }
}

/// The same, of a connection of a pool.
///
/// # Errors
/// It is not approved.
pub(crate) async fn check_again(
    conn: &mut AnyConnection,
    tls: DatabaseTls,
) -> Result<(), sqlx::Error> {
    let checked = check(conn, tls).await;
    checked.map_err(|error| sqlx::Error::Configuration(Box::new(error)))
}

async fn approved(conn: &mut AnyConnection) -> Result<Result<(), UnapprovedTls>, sqlx::Error> {
    let negotiated = query(
        "SELECT CASE WHEN ssl THEN 1 ELSE 0 END AS encrypted, COALESCE(cipher, '') AS cipher,
            COALESCE(host(inet_server_addr()), '') AS address
         FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    );
    let Some(negotiated) = negotiated.fetch_optional(&mut *conn).await? else {
        return Ok(Err(UnapprovedTls::Unknown));
    };
    if negotiated.try_get::<i32, _>("encrypted")? == 0 {
        let address: String = negotiated.try_get("address")?;
        let local = is_on_this_machine(&address);
        return Ok(local.then_some(()).ok_or(UnapprovedTls::Plain));
    }
    let cipher: String = negotiated.try_get("cipher")?;
    if !is_approved_cipher(&cipher) {
        return Ok(Err(UnapprovedTls::Cipher));
    }
    let groups =
        query("SELECT setting FROM pg_settings WHERE name IN ('ssl_groups', 'ssl_ecdh_curve')");
    let Some(groups) = groups.fetch_optional(conn).await? else {
        return Ok(Err(UnapprovedTls::Unknown));
    };
    let groups: String = groups.try_get("setting")?;
    Ok(check_groups(&groups))
}

/// A connection by a socket of the file system has no address.
fn is_on_this_machine(address: &str) -> bool {
    let parsed = address.parse::<IpAddr>();
    address.is_empty() || parsed.is_ok_and(|address| address.is_loopback())
}

/// `TLS_AES_256_GCM_SHA384` is, `ECDHE-RSA-CHACHA20-POLY1305` is not.
fn is_approved_cipher(name: &str) -> bool {
    name.contains("AES")
}

fn check_groups(groups: &str) -> Result<(), UnapprovedTls> {
    let approved = |group: &str| CURVES.iter().any(|curve| curve.eq_ignore_ascii_case(group));
    if groups.split(':').map(str::trim).all(approved) {
        return Ok(());
    }
    Err(UnapprovedTls::Groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_aes_is_an_approved_cipher() {
        for name in [
            "TLS_AES_256_GCM_SHA384",
            "TLS_AES_128_GCM_SHA256",
            "ECDHE-RSA-AES256-GCM-SHA384",
        ] {
            assert!(is_approved_cipher(name), "{name}");
        }
        for name in [
            "TLS_CHACHA20_POLY1305_SHA256",
            "ECDHE-ECDSA-CHACHA20-POLY1305",
            "",
        ] {
            assert!(!is_approved_cipher(name), "{name}");
        }
    }

    #[test]
    fn only_on_the_same_machine_nothing_is_encrypted() {
        for address in ["", "127.0.0.1", "127.8.0.1", "::1"] {
            assert!(is_on_this_machine(address), "{address}");
        }
        for address in ["10.0.0.1", "203.0.113.7", "fe80::1", "0.0.0.0", "localhost"] {
            assert!(!is_on_this_machine(address), "{address}");
        }
    }

    #[test]
    fn a_server_with_another_curve_among_its_own_is_refused() {
        for groups in ["prime256v1", "P-256:P-384", "secp384r1 : PRIME256V1"] {
            assert_eq!(check_groups(groups), Ok(()), "{groups}");
        }
        for groups in [
            "X25519:prime256v1",
            "prime256v1:X25519",
            "X25519",
            "",
            "X25519MLKEM768",
        ] {
            assert_eq!(check_groups(groups), Err(UnapprovedTls::Groups), "{groups}");
        }
    }
}
