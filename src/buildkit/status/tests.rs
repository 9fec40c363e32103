//! What is told of a daemon's status messages.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use prost_types::Timestamp;

use super::{Counts, StatusResponse, Tracker, Vertex, VertexLog, VertexWarning};
use crate::buildkit::progress::{Progress, ProgressSink};

fn vertex(digest: &str, started: Option<i64>, completed: Option<i64>) -> Vertex {
    let at = |seconds| Timestamp { seconds, nanos: 0 };
    Vertex {
        digest: digest.to_owned(),
        name: format!("schritt {digest}"),
        started: started.map(at),
        completed: completed.map(at),
        ..Vertex::default()
    }
}

fn log(digest: &str, stream: i64, text: &str) -> VertexLog {
    VertexLog {
        vertex: digest.to_owned(),
        stream,
        msg: text.to_owned().into(),
        ..VertexLog::default()
    }
}

fn message(vertexes: Vec<Vertex>, logs: Vec<VertexLog>) -> StatusResponse {
    StatusResponse {
        vertexes,
        logs,
        ..StatusResponse::default()
    }
}

fn short(event: &Progress) -> String {
    match event {
        Progress::VertexStarted { vertex, .. } => format!("+{vertex}"),
        Progress::VertexCompleted {
            vertex,
            cached,
            error,
            took,
            ..
        } => format!("-{vertex} {cached} {error:?} {took:?}"),
        Progress::Log { vertex, line, .. } => format!("{vertex}: {line}"),
        Progress::Output { vertex, bytes, .. } => format!("{vertex}> {bytes:?}"),
        Progress::Warning(warning) => format!("!{}", warning.message),
    }
}

fn tracker() -> (Tracker, Arc<Mutex<Vec<String>>>) {
    let events: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&events);
    let sink = ProgressSink::new(move |event| seen.lock().unwrap().push(short(&event)));
    (Tracker::new(sink), events)
}

#[test]
fn repeated_states_are_told_once_and_the_last_one_counts() {
    let (mut tracker, events) = tracker();
    let cached = Vertex {
        cached: true,
        ..vertex("b", Some(1), Some(1))
    };
    let failed = Vertex {
        error: "größe".to_owned(),
        ..vertex("c", Some(1), Some(2))
    };
    for vertexes in [
        vec![vertex("a", None, None)],
        vec![vertex("a", Some(1), None), vertex("b", None, None)],
        vec![vertex("a", Some(1), None)],
        vec![vertex("a", Some(1), Some(4)), cached],
        vec![vertex("a", Some(5), None)],
        vec![vertex("a", Some(5), Some(6)), failed],
    ] {
        tracker.apply(message(vertexes, Vec::new()));
    }
    assert_eq!(
        *events.lock().unwrap(),
        [
            "+a",
            "-a false None Some(3s)",
            "-b true None Some(0ns)",
            "+a",
            "-a false None Some(1s)",
            "-c false Some(\"größe\") Some(1s)",
        ]
    );
    let steps = ["a", "b", "c"].map(str::to_owned).into();
    assert_eq!(tracker.counts(&steps), Counts { ran: 1, cached: 1 });
    assert_eq!(tracker.counts(&["b".to_owned()].into()).ran, 0);
}

#[test]
fn lines_come_before_the_end_of_their_step_and_the_last_thirty_are_kept() {
    let (mut tracker, events) = tracker();
    let lines: Vec<String> = (0..30).map(|number| format!("zeile {number}\n")).collect();
    let text = lines.concat();
    tracker.apply(message(
        vec![vertex("a", Some(1), None)],
        vec![log("a", 1, &text)],
    ));
    tracker.apply(message(
        vec![vertex("a", Some(1), Some(2))],
        vec![log("a", 2, "ende ohne zeile")],
    ));
    let events = events.lock().unwrap();
    assert_eq!(events.len(), 33);
    assert_eq!(events[31], "a: ende ohne zeile");
    let lines = tracker.last_lines("a");
    assert_eq!((lines.len(), lines[0].as_str()), (30, "zeile 1"));
    assert!(tracker.last_lines("other").is_empty());
}

#[test]
fn bytes_are_told_where_somebody_asks_for_them() {
    let (mut tracker, events) = tracker();
    tracker.tells_output = true;
    tracker.apply(message(Vec::new(), vec![log("a", 1, "eins\rzwei\n")]));
    assert_eq!(
        *events.lock().unwrap(),
        ["a> b\"eins\\rzwei\\n\"", "a: zwei"]
    );
}

#[test]
fn warnings_are_told_and_kept() {
    let (mut tracker, events) = tracker();
    tracker.apply(StatusResponse {
        warnings: vec![VertexWarning {
            vertex: "a".to_owned(),
            short: "vorsicht".into(),
            detail: vec!["mehr".into()],
            ..VertexWarning::default()
        }],
        ..StatusResponse::default()
    });
    assert_eq!(*events.lock().unwrap(), ["!vorsicht"]);
    assert_eq!(tracker.into_warnings()[0].details, ["mehr"]);
}

#[test]
fn a_step_that_ends_earlier_than_it_began_has_no_duration() {
    let at = |seconds| Timestamp { seconds, nanos: 0 };
    assert_eq!(super::between(&at(2), &at(1)), None);
    assert_eq!(super::between(&at(1), &at(2)), Some(Duration::from_secs(1)));
}
