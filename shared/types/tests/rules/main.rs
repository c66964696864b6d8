//! The rules of a ticket's life: tables that a person reads, the procedure as
//! given / when / then, and random histories.

mod histories;
mod procedure;
mod tables;
mod world;
