//! The events of a recording, written one by one up to a bound, and read again in their order.

use std::collections::VecDeque;

use mayfly_abi::frame::{Malformed, Reader, Writer};
use wasmtime::{Error, Result};

use super::diverged;

const RANDOM: u8 = 1;
const CLOCK: u8 = 2;
const TIME_LEFT: u8 = 3;
const ANSWER: u8 = 4;
const NOTHING_PENDING: u8 = 5;

/// Something that the guest was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
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
    /// `None` once it would have been too long.
    events: Option<Vec<u8>>,
    bytes_max: usize,
    /// A clock that is read again and again says the same for a millisecond: one reading and how often it was had.
    clock: Option<(u64, u32)>,
}

impl Recorder {
    /// At most so many bytes; beyond them there is no recording.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { events: Some(Vec::new()), bytes_max, clock: None }
    }

    pub(crate) fn write(&mut self, event: Event) {
        match (event, &mut self.clock) {
            (Event::Clock(now), Some((last, times))) if *last == now && *times < u32::MAX => *times += 1,
            (Event::Clock(now), _) => {
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
            self.append(&Event::Clock(now), times);
        }
    }

    fn append(&mut self, event: &Event, times: u32) {
        let Some(events) = &mut self.events else { return };
        let mut writer = Writer::with_capacity(16);
        match event {
            Event::Random(bytes) => {
                writer.u8(RANDOM);
                writer.bytes(bytes);
            }
            Event::Clock(now) => {
                writer.u8(CLOCK);
                writer.rest(&now.to_le_bytes());
                writer.u32(times);
            }
            Event::TimeLeft(left) => {
                writer.u8(TIME_LEFT);
                writer.rest(&left.to_le_bytes());
            }
            Event::Answer(number, answer) => {
                writer.u8(ANSWER);
                writer.u32(*number);
                writer.bytes(answer);
            }
            Event::NothingPending => writer.u8(NOTHING_PENDING),
        }
        events.extend_from_slice(&writer.finish());
        if events.len() > self.bytes_max {
            self.events = None;
        }
    }
}

/// The events of a recording, to be given out again.
#[derive(Debug)]
pub(crate) struct Events {
    left: VecDeque<(Event, u32)>,
    divergence: Option<String>,
}

impl Events {
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

    /// What the guest was told next.
    pub(crate) fn next(&mut self) -> Result<Event> {
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

fn read(reader: &mut Reader<'_>) -> std::result::Result<(Event, u32), Malformed> {
    Ok(match reader.u8()? {
        RANDOM => (Event::Random(reader.bytes()?.to_vec()), 1),
        CLOCK => {
            let now = super::recording::u64(reader)?;
            (Event::Clock(now), reader.u32()?.max(1))
        }
        TIME_LEFT => (Event::TimeLeft(super::recording::u64(reader)?), 1),
        ANSWER => (Event::Answer(reader.u32()?, reader.bytes()?.to_vec()), 1),
        NOTHING_PENDING => (Event::NothingPending, 1),
        _ => return Err(Malformed),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..20).prop_map(Event::Random),
            // Few values, so that some come in a row.
            (0..3_u64).prop_map(Event::Clock),
            any::<u64>().prop_map(Event::TimeLeft),
            (any::<u32>(), proptest::collection::vec(any::<u8>(), 0..20))
                .prop_map(|(n, a)| Event::Answer(n, a)),
            Just(Event::NothingPending),
        ]
    }

    proptest! {
        #[test]
        fn events_come_back_in_their_order(events in proptest::collection::vec(event(), 0..40)) {
            let mut recorder = Recorder::new(1 << 20);
            events.iter().for_each(|event| recorder.write(event.clone()));
            let bytes = recorder.finish().unwrap();
            let mut read = Events::read(Reader::new(&bytes)).unwrap();
            for event in events {
                prop_assert_eq!(read.next().unwrap(), event);
            }
            prop_assert_eq!(read.divergence(), None);
            prop_assert!(read.next().is_err());
            prop_assert!(read.divergence().is_some());
        }

        #[test]
        fn nothing_that_is_read_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Events::read(Reader::new(&bytes));
        }
    }

    #[test]
    fn a_clock_in_a_loop_takes_no_room_and_too_much_is_nothing() {
        let mut recorder = Recorder::new(100);
        (0..1_000_000).for_each(|_| recorder.write(Event::Clock(7)));
        recorder.write(Event::Clock(8));
        assert_eq!(recorder.finish().unwrap().len(), 26);
        let mut recorder = Recorder::new(100);
        recorder.write(Event::Random(vec![0; 95]));
        assert!(recorder.finish().is_some());
        let mut recorder = Recorder::new(100);
        recorder.write(Event::Random(vec![0; 96]));
        recorder.write(Event::NothingPending);
        assert!(recorder.finish().is_none());
    }
}
