//! The events of a recording, written one by one up to a bound, and read again in their order.

use std::collections::VecDeque;

use mayfly_abi::frame::{Malformed, Reader, Writer};
use wasmtime::{Error, Result};

const RANDOM: u8 = 1;
const CLOCK: u8 = 2;
const TIME_LEFT: u8 = 3;
const ANSWER: u8 = 4;
const NOTHING_PENDING: u8 = 5;

/// One value that the host gave to the guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RecordedEvent {
    /// Random bytes.
    Random(Vec<u8>),
    /// A clock's nanoseconds.
    Clock(u64),
    /// Milliseconds left.
    TimeLeft(u64),
    /// An operation's number and its answer.
    Answer(u32, Vec<u8>),
    /// That no operation is pending.
    NothingPending,
}

/// Writes events down.
#[derive(Debug)]
pub(crate) struct Recorder {
    /// `None` once it is too long.
    events: Option<Vec<u8>>,
    bytes_max: usize,
    /// A clock that is read again and again gives one value for a millisecond: that value, and how often it was read.
    clock: Option<(u64, u32)>,
}

impl Recorder {
    /// At most `bytes_max` bytes; beyond them there is no recording.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { events: Some(Vec::new()), bytes_max, clock: None }
    }

    pub(crate) fn write(&mut self, event: RecordedEvent) {
        match (event, &mut self.clock) {
            (RecordedEvent::Clock(now), Some((last, times))) if *last == now && *times < u32::MAX => {
                *times += 1
            }
            (RecordedEvent::Clock(now), _) => {
                self.flush_clock();
                self.clock = Some((now, 1));
            }
            (event, _) => {
                self.flush_clock();
                self.append(&event, 1);
            }
        }
    }

    /// All that was written; `None` when it was too much.
    pub(crate) fn finish(mut self) -> Option<Vec<u8>> {
        self.flush_clock();
        self.events
    }

    fn flush_clock(&mut self) {
        if let Some((now, times)) = self.clock.take() {
            self.append(&RecordedEvent::Clock(now), times);
        }
    }

    fn append(&mut self, event: &RecordedEvent, times: u32) {
        let Some(events) = &mut self.events else { return };
        let mut writer = Writer::with_capacity(16);
        match event {
            RecordedEvent::Random(bytes) => {
                writer.u8(RANDOM);
                writer.bytes(bytes);
            }
            RecordedEvent::Clock(now) => {
                writer.u8(CLOCK);
                writer.rest(&now.to_le_bytes());
                writer.u32(times);
            }
            RecordedEvent::TimeLeft(left) => {
                writer.u8(TIME_LEFT);
                writer.rest(&left.to_le_bytes());
            }
            RecordedEvent::Answer(number, answer) => {
                writer.u8(ANSWER);
                writer.u32(*number);
                writer.bytes(answer);
            }
            RecordedEvent::NothingPending => writer.u8(NOTHING_PENDING),
        }
        events.extend_from_slice(&writer.finish());
        if events.len() > self.bytes_max {
            self.events = None;
        }
    }
}

/// The events of a recording, to be given out again.
#[derive(Debug)]
pub(crate) struct RecordedEvents {
    left: VecDeque<(RecordedEvent, u32)>,
    divergence: Option<String>,
}

impl RecordedEvents {
    /// Reads what a [`Recorder`] wrote.
    pub(crate) fn read(mut reader: Reader<'_>) -> std::result::Result<Self, Malformed> {
        let mut left = VecDeque::new();
        let mut rest = reader.rest();
        while !rest.is_empty() {
            let mut reader = Reader::new(rest);
            left.push_back(read(&mut reader)?);
            rest = reader.rest();
        }
        Ok(Self { left, divergence: None })
    }

    /// The next event.
    pub(crate) fn next(&mut self) -> Result<RecordedEvent> {
        let Some((event, times)) = self.left.front_mut() else {
            return Err(self.diverged("more than it was told then"));
        };
        if *times > 1 {
            *times -= 1;
            return Ok(event.clone());
        }
        match self.left.pop_front() {
            Some((event, _)) => Ok(event),
            None => Err(self.diverged("more than it was told then")),
        }
    }

    /// Remembers that the guest asked for something else, and ends it.
    pub(crate) fn diverged(&mut self, what: &str) -> Error {
        let error = diverged(what);
        self.divergence.get_or_insert_with(|| error.to_string());
        error
    }

    /// How the guest went another way, if it did; one that did not ask for everything has, too.
    pub(crate) fn divergence(&self) -> Option<String> {
        let unasked = || format!("the replay diverged: the guest ended {} answers earlier", self.left.len());
        self.divergence.clone().or_else(|| (!self.left.is_empty()).then(unasked))
    }
}

/// The guest asked for something else than it did when it was recorded.
fn diverged(what: &str) -> Error {
    Error::msg(format!("the replay diverged: the guest asked for {what}"))
}

fn read(reader: &mut Reader<'_>) -> std::result::Result<(RecordedEvent, u32), Malformed> {
    Ok(match reader.u8()? {
        RANDOM => (RecordedEvent::Random(reader.bytes()?.to_vec()), 1),
        CLOCK => {
            let now = reader.u64()?;
            (RecordedEvent::Clock(now), reader.u32()?.max(1))
        }
        TIME_LEFT => (RecordedEvent::TimeLeft(reader.u64()?), 1),
        ANSWER => (RecordedEvent::Answer(reader.u32()?, reader.bytes()?.to_vec()), 1),
        NOTHING_PENDING => (RecordedEvent::NothingPending, 1),
        _ => return Err(Malformed),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event() -> impl Strategy<Value = RecordedEvent> {
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..20).prop_map(RecordedEvent::Random),
            // Few values, so that some come in a row.
            (0..3_u64).prop_map(RecordedEvent::Clock),
            any::<u64>().prop_map(RecordedEvent::TimeLeft),
            (any::<u32>(), proptest::collection::vec(any::<u8>(), 0..20))
                .prop_map(|(n, a)| RecordedEvent::Answer(n, a)),
            Just(RecordedEvent::NothingPending),
        ]
    }

    proptest! {
        #[test]
        fn events_come_back_in_their_order(events in proptest::collection::vec(event(), 0..40)) {
            let mut recorder = Recorder::new(1 << 20);
            events.iter().for_each(|event| recorder.write(event.clone()));
            let bytes = recorder.finish().unwrap();
            let mut read = RecordedEvents::read(Reader::new(&bytes)).unwrap();
            for event in events {
                prop_assert_eq!(read.next().unwrap(), event);
            }
            prop_assert_eq!(read.divergence(), None);
            prop_assert!(read.next().is_err());
            prop_assert!(read.divergence().is_some());
        }

        #[test]
        fn nothing_that_is_read_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = RecordedEvents::read(Reader::new(&bytes));
        }
    }

    #[test]
    fn a_clock_in_a_loop_takes_no_room_and_too_much_is_nothing() {
        let mut recorder = Recorder::new(100);
        (0..1_000_000).for_each(|_| recorder.write(RecordedEvent::Clock(7)));
        recorder.write(RecordedEvent::Clock(8));
        assert_eq!(recorder.finish().unwrap().len(), 26);
        let mut recorder = Recorder::new(100);
        recorder.write(RecordedEvent::Random(vec![0; 95]));
        assert!(recorder.finish().is_some());
        let mut recorder = Recorder::new(100);
        recorder.write(RecordedEvent::Random(vec![0; 96]));
        recorder.write(RecordedEvent::NothingPending);
        assert!(recorder.finish().is_none());
    }
}
