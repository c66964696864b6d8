//! `desk` is the read side: lists, tickets, histories and the catalogue. It also
//! answers the paths that do not exist.

mod catalogue;
mod handler;

use cloud::desk::Desk;
use cloud::entry::{Function, run};
use cloud::http::{Answer, Call};
use types::problem::Problem;

struct ReadSide {
    desk: Desk,
}

impl Function for ReadSide {
    async fn http(&self, call: Call) -> Result<Answer, Problem> {
        handler::answer(&self.desk, &call).await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), cloud::RuntimeError> {
    run(async {
        Ok(ReadSide {
            desk: Desk::start(&[]).await?,
        })
    })
    .await
}
