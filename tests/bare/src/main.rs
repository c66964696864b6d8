//! A function that does nothing. `scripts/build-profiles` sets the size and the
//! initialisation of the functions beside it.

use lambda_http::{Body, Error, Request, Response, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(nothing)).await
}

async fn nothing(_: Request) -> Result<Response<Body>, Error> {
    Ok(Response::new(Body::Empty))
}
