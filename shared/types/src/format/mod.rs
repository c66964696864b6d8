//! The formats of the procedure: what each asks for, in which order it is signed, and
//! what its signatures make of the matrix of accounts (section 5.1, activities 4 and 9).

pub mod accounts;
pub mod document;
pub mod ending;
pub mod fill;
pub mod record;
pub mod schema;
pub mod signing;
pub mod turn;
pub mod view;
