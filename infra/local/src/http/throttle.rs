//! The HTTP API's throttling: a bucket of tokens for each route.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use template::Limits;

/// What is left of what each route takes.
pub(crate) struct Throttle {
    /// Without limits everything goes.
    limits: Option<Limits>,
    /// Of routes that have their own.
    of_routes: BTreeMap<String, Limits>,
    buckets: Mutex<HashMap<String, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Throttle {
    pub(crate) fn new(limits: Option<Limits>, of_routes: BTreeMap<String, Limits>) -> Self {
        Self {
            limits,
            of_routes,
            buckets: Mutex::default(),
        }
    }

    /// Whether a request of this route may pass at this moment.
    pub(crate) fn admits(&self, route: &str, now: Instant) -> bool {
        let limits = self.of_routes.get(route).copied().or(self.limits);
        let Some(Limits { rate, burst }) = limits else {
            return true;
        };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let full = Bucket {
            tokens: burst,
            at: now,
        };
        let bucket = buckets.entry(route.to_owned()).or_insert(full);
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.tokens = (bucket.tokens + passed * rate).min(burst);
        bucket.at = now;
        let admits = bucket.tokens >= 1.0;
        if admits {
            bucket.tokens -= 1.0;
        }
        admits
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_route_has_its_burst_and_then_its_rate() {
        let limits = Limits {
            rate: 2.0,
            burst: 3.0,
        };
        let survey = Limits {
            rate: 1.0,
            burst: 1.0,
        };
        let of_routes = BTreeMap::from([("GET /surveys/{token}".to_owned(), survey)]);
        let throttle = Throttle::new(Some(limits), of_routes.clone());
        let start = Instant::now();
        let admitted =
            |route: &str, at: Instant| (0..5).filter(|_| throttle.admits(route, at)).count();
        assert_eq!(admitted("POST /tickets", start), 3);
        assert_eq!(admitted("GET /tickets", start), 3);
        assert_eq!(admitted("POST /tickets", start + Duration::from_secs(1)), 2);
        assert_eq!(
            admitted("POST /tickets", start + Duration::from_secs(60)),
            3
        );
        // Those that have their own have no others.
        assert_eq!(admitted("GET /surveys/{token}", start), 1);
        let later = start + Duration::from_secs(60);
        assert_eq!(admitted("GET /surveys/{token}", later), 1);
        let throttle = Throttle::new(None, of_routes);
        let admitted = |route: &str| (0..5).filter(|_| throttle.admits(route, start)).count();
        assert_eq!(admitted("POST /tickets"), 5);
        assert_eq!(admitted("GET /surveys/{token}"), 1);
    }
}
