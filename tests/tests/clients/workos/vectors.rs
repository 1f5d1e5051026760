//! The vectors of the layout that these libraries read.

use super::{ALL, command};
use crate::program::{output, root};

#[test]
fn workos_clients_open_our_vectors_of_their_layout() {
    for library in ALL {
        let mut command = command(library, "vectors");
        command
            .env("VECTORS", root().join("vectors/workos"))
            .env("API_KEY", "key")
            .env("SERVER", "http://127.0.0.1:1");
        output(command, &[]);
    }
}
