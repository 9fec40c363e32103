//! A line in front of a number of places, in which some stand behind all others.
//!
//! Who waits has a rank. The lowest rank goes first, and of one rank who came first. Whoever has a rank above nought
//! lets everybody else who is about to come in before: a place that is free at this very moment is not taken from
//! under them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::task::yield_now;

/// The line.
#[derive(Debug, Clone)]
pub(super) struct Queue(Arc<Mutex<Line>>);

#[derive(Debug)]
struct Line {
    free: usize,
    next: u64,
    waiting: BTreeMap<Key, oneshot::Sender<()>>,
}

/// Rank, and number in the order of coming.
type Key = (u32, u64);

/// A place; it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place(Queue);

/// Somebody who waits. Dropped, they leave the line, or pass on the place that they were just given.
struct Turn<'a> {
    queue: &'a Queue,
    key: Key,
    called: oneshot::Receiver<()>,
    is_over: bool,
}

impl Queue {
    /// A line in front of so many places, at least one.
    pub(super) fn new(places: usize) -> Self {
        Self(Arc::new(Mutex::new(Line {
            free: places.max(1),
            next: 0,
            waiting: BTreeMap::new(),
        })))
    }

    /// Waits for a place.
    pub(super) async fn acquire(&self, rank: u32) -> Place {
        loop {
            if rank > 0 {
                yield_now().await;
            }
            let turn = self.stand(rank);
            if let Some(turn) = turn {
                turn.called().await;
            }
            let place = Place(self.clone());
            if rank == 0 {
                return place;
            }
            // What frees a place often makes others ready as well, and they have not had the time to come.
            yield_now().await;
            let is_first = {
                let line = self.lock();
                line.waiting
                    .keys()
                    .next()
                    .is_none_or(|first| first.0 >= rank)
            };
            if is_first {
                return place;
            }
        }
    }

    /// Takes a free place, or stands in line.
    fn stand(&self, rank: u32) -> Option<Turn<'_>> {
        let mut line = self.lock();
        if line.free > 0 {
            line.free -= 1;
            return None;
        }
        let (call, called) = oneshot::channel();
        let key = (rank, line.next);
        line.next += 1;
        line.waiting.insert(key, call);
        Some(Turn {
            queue: self,
            key,
            called,
            is_over: false,
        })
    }

    /// Gives a place to whoever is first.
    fn pass_on(&self) {
        let mut line = self.lock();
        match line.waiting.pop_first() {
            // Nobody leaves the line without taking their name out of it, under the same lock.
            Some((_, call)) => drop(call.send(())),
            None => line.free += 1,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    async fn called(mut self) {
        // The other end is dropped only after it has called.
        let _ = (&mut self.called).await;
        self.is_over = true;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let was_called = self.queue.lock().waiting.remove(&self.key).is_none();
        if was_called {
            self.queue.pass_on();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.pass_on();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::FutureExt as _;
    use futures_util::future::join_all;
    use tokio::task::yield_now;

    use super::Queue;

    #[tokio::test]
    async fn the_lowest_rank_goes_first_and_of_one_rank_who_came_first() {
        let (queue, order) = (Queue::new(1), Mutex::new(Vec::new()));
        let all = [("나", 2), ("a", 0), ("다", 1), ("b", 0), ("가", 2)];
        join_all(all.map(async |(name, rank)| {
            let _place = queue.acquire(rank).await;
            order.lock().unwrap().push(name);
            yield_now().await;
        }))
        .await;
        let order = order.into_inner().unwrap();
        assert_eq!(order, ["a", "b", "다", "나", "가"]);
    }

    #[tokio::test]
    async fn who_becomes_ready_when_a_place_is_freed_goes_before_who_stands_behind() {
        let (queue, order) = (Queue::new(1), Mutex::new(Vec::new()));
        let (done, parent) = tokio::sync::oneshot::channel();
        let work = async |name, rank| {
            let _place = queue.acquire(rank).await;
            order.lock().unwrap().push(name);
            yield_now().await;
        };
        let chain = async {
            work("어머니", 0).await;
            done.send(()).unwrap();
        };
        let child = async {
            parent.await.unwrap();
            work("딸", 0).await;
        };
        tokio::join!(work("failed", 1), chain, child);
        assert_eq!(order.into_inner().unwrap(), ["어머니", "딸", "failed"]);
    }

    #[tokio::test]
    async fn who_stops_waiting_takes_no_place_away() {
        let queue = Queue::new(1);
        let place = queue.acquire(0).await;
        let mut gone = Box::pin(queue.acquire(0));
        let mut called = Box::pin(queue.acquire(0));
        assert!(gone.as_mut().now_or_never().is_none());
        assert!(called.as_mut().now_or_never().is_none());
        drop(gone);
        drop(place);
        // It has been called by now, and goes without an answer.
        drop(called);
        assert!(queue.acquire(0).now_or_never().is_some());
        let _place = queue.acquire(0).await;
        assert!(queue.acquire(0).now_or_never().is_none());
    }
}
