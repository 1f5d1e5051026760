//! Customers' own keys over HTTP: in a real token, and in `moto`.

mod closing;
mod command_line;
mod every_use;
mod providers;
mod stolen;
mod whole_way;
mod world;
