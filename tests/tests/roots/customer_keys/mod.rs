//! Customers' own keys over HTTP: in a real token, in `moto` and in `OpenBao`.

mod closing;
mod command_line;
mod every_use;
mod keysets;
mod providers;
mod stolen;
mod whole_way;
mod world;
