//! Which request something is done for: one id goes with it from the first request
//! through rows and queues to the last mail, in every line of the log.

use std::sync::Arc;

use tracing::Instrument;

tokio::task_local! {
    static TRACE: Trace;
}

/// An invocation, and the request that what it does began with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    request_id: Arc<str>,
    origin: Arc<str>,
}

impl Trace {
    /// An invocation by Lambda's id of it. What it does begins with it, unless the
    /// request came through a gateway, which has told its caller another id.
    pub fn of_invocation(request_id: &str, gateway: Option<&str>) -> Self {
        let origin = gateway.filter(|id| !id.is_empty()).unwrap_or(request_id);
        Trace {
            request_id: request_id.into(),
            origin: origin.into(),
        }
    }

    /// What the same invocation does for another request; for its own where none
    /// is known.
    pub(crate) fn for_origin(origin: Option<&str>) -> Self {
        let current = TRACE.try_with(Clone::clone).unwrap_or_else(|_| Trace {
            request_id: "".into(),
            origin: "".into(),
        });
        match origin {
            Some(origin) => Trace {
                origin: origin.into(),
                ..current
            },
            None => current,
        }
    }

    /// Does something, and has every line of the log say for whom.
    pub fn follow<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        let span = tracing::info_span!(
            "work",
            request_id = &*self.request_id,
            origin = &*self.origin
        );
        // What is done is large, and moved as it is put together.
        TRACE.scope(self, Box::pin(work.instrument(span)))
    }
}

/// The request that what is being done began with, where one is known.
pub fn origin() -> Option<Arc<str>> {
    let origin = TRACE.try_with(|trace| Arc::clone(&trace.origin)).ok();
    origin.filter(|origin| !origin.is_empty())
}

/// The invocation that does it, where there is one.
pub(crate) fn request_id() -> Option<Arc<str>> {
    let id = TRACE.try_with(|trace| Arc::clone(&trace.request_id)).ok();
    id.filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_done_for_another_request_is_of_the_same_invocation() {
        assert_eq!(origin(), None);
        let whole = Trace::of_invocation("invocation", None);
        whole
            .follow(async {
                assert_eq!(origin().as_deref(), Some("invocation"));
                let message = Trace::for_origin(Some("request"));
                message
                    .follow(async {
                        assert_eq!(origin().as_deref(), Some("request"));
                        assert_eq!(request_id().as_deref(), Some("invocation"));
                    })
                    .await;
                let unknown = Trace::for_origin(None);
                assert_eq!(unknown, Trace::of_invocation("invocation", None));
            })
            .await;
        let called = Trace::of_invocation("invocation", Some("gateway"));
        called
            .follow(async { assert_eq!(origin().as_deref(), Some("gateway")) })
            .await;
    }
}
