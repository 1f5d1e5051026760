//! Prints the OpenAPI document, for `cargo xtask openapi`.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

fn main() {
    print!("{}", strongroom_server::openapi::json());
}
