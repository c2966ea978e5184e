//! The flow of control: blocks, which of them dominate which, loops and joins. WebAssembly has no jumps, so a function whose
//! loops have two entries is refused.

use std::collections::{BTreeMap, BTreeSet};

use super::NativeError;
use super::op::{Op, Placed};

const BLOCKS_MAX: usize = 1024;

/// How a block ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Goto(usize),
    /// Where it goes when the condition is true, and when it is not.
    If(usize, usize),
    /// It returns, throws or leaves.
    Nowhere,
}

/// Instructions in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// Which instructions, by their index. The last one is the jump, where there is one.
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) end: End,
}

/// A function's blocks; the first one is entered.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) blocks: Vec<Block>,
    /// The place of each block in an order in which blocks come before what they lead to, loops aside.
    pub(super) order: Vec<usize>,
    /// Blocks that are reached from behind themselves.
    pub(super) is_loop: Vec<bool>,
    /// Blocks that are reached from several others before them.
    pub(super) is_join: Vec<bool>,
    /// The blocks that each one dominates at once.
    pub(super) dominated: Vec<Vec<usize>>,
}

fn successors(block: &Block) -> impl Iterator<Item = usize> {
    let (first, second) = match block.end {
        End::Goto(to) => (Some(to), None),
        End::If(yes, no) => (Some(yes), Some(no)),
        End::Nowhere => (None, None),
    };
    first.into_iter().chain(second)
}

const OUTSIDE: NativeError = NativeError::Malformed("a jump out of its code");

impl Flow {
    pub(super) fn of(placed: &[Placed]) -> Result<Self, NativeError> {
        let blocks = blocks_of(placed)?;
        let order = order_of(&blocks);
        let mut before = vec![Vec::new(); blocks.len()];
        for (at, block) in blocks.iter().enumerate() {
            for to in successors(block) {
                before.get_mut(to).ok_or(OUTSIDE)?.push(at);
            }
        }
        let dominator = dominators(&order, &before)?;
        let position = |block: usize| order.get(block).copied().unwrap_or(usize::MAX);
        let dominates = |over: usize, mut block: usize| {
            loop {
                if block == over {
                    return true;
                }
                if block == 0 {
                    return false;
                }
                block = dominator.get(block).copied().unwrap_or(0);
            }
        };
        let (mut is_loop, mut is_join) = (vec![false; blocks.len()], vec![false; blocks.len()]);
        for (block, ((before, is_loop), is_join)) in
            before.iter().zip(&mut is_loop).zip(&mut is_join).enumerate()
        {
            let mut forward = 0;
            for from in before {
                if position(*from) < position(block) {
                    forward += 1;
                } else if dominates(block, *from) {
                    *is_loop = true;
                } else {
                    return Err(NativeError::Unsupported("a loop with two entries".to_owned()));
                }
            }
            *is_join = forward > 1;
        }
        let mut dominated = vec![Vec::new(); blocks.len()];
        for block in 1..blocks.len() {
            let over = dominator.get(block).copied().unwrap_or(0);
            dominated.get_mut(over).ok_or(OUTSIDE)?.push(block);
        }
        for blocks in &mut dominated {
            blocks.sort_by_key(|block| position(*block));
        }
        Ok(Self { blocks, order, is_loop, is_join, dominated })
    }

    /// Whether this jump goes back to a loop's beginning.
    pub(super) fn is_back(&self, from: usize, to: usize) -> bool {
        self.order.get(to) <= self.order.get(from)
    }
}

/// The blocks that are reached, the entry first.
fn blocks_of(placed: &[Placed]) -> Result<Vec<Block>, NativeError> {
    let index: BTreeMap<usize, usize> = placed.iter().enumerate().map(|(at, one)| (one.at, at)).collect();
    let find = |address: usize| index.get(&address).copied().ok_or(OUTSIDE);
    let mut leaders = BTreeSet::from([0]);
    for one in placed {
        if let Op::Goto(target) | Op::If { target, .. } = one.op {
            leaders.insert(find(target)?);
        }
    }
    let mut numbers = BTreeMap::from([(0, 0)]);
    let mut starts = vec![0];
    let mut blocks: Vec<Block> = Vec::new();
    while let Some(first) = starts.get(blocks.len()).copied() {
        if blocks.len() >= BLOCKS_MAX {
            let used = starts.len();
            return Err(NativeError::TooLarge { what: "blocks", used, limit: BLOCKS_MAX });
        }
        let mut number = |start: usize| {
            let next = starts.len();
            *numbers.entry(start).or_insert_with(|| {
                starts.push(start);
                next
            })
        };
        let mut last = first;
        let end = loop {
            let one = placed.get(last).ok_or(NativeError::Malformed("code that has no end"))?;
            match one.op {
                Op::Goto(target) => break End::Goto(number(find(target)?)),
                Op::If { target, when } => {
                    let (there, next) = (number(find(target)?), number(find(one.next)?));
                    break if when { End::If(there, next) } else { End::If(next, there) };
                }
                Op::Return { .. } | Op::Throw | Op::Leave | Op::Call { is_tail: true, .. } => {
                    break End::Nowhere;
                }
                _ => {}
            }
            if leaders.contains(&(last + 1)) {
                break End::Goto(number(last + 1));
            }
            last += 1;
        };
        blocks.push(Block { first, last, end });
    }
    Ok(blocks)
}

/// Each block's place in reverse post-order.
fn order_of(blocks: &[Block]) -> Vec<usize> {
    let mut order = vec![usize::MAX; blocks.len()];
    let mut is_seen = vec![false; blocks.len()];
    let mut ended = 0;
    let mut path: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut enter = |block: usize, path: &mut Vec<(usize, Vec<usize>)>| {
        if let (Some(is_seen @ false), Some(one)) = (is_seen.get_mut(block), blocks.get(block)) {
            *is_seen = true;
            path.push((block, successors(one).collect()));
        }
    };
    enter(0, &mut path);
    while let Some((block, left)) = path.last_mut() {
        match left.pop() {
            Some(next) => enter(next, &mut path),
            None => {
                ended += 1;
                if let Some(place) = order.get_mut(*block) {
                    *place = blocks.len() - ended;
                }
                path.pop();
            }
        }
    }
    order
}

/// For each block the nearest one that every way to it passes.
fn dominators(order: &[usize], before: &[Vec<usize>]) -> Result<Vec<usize>, NativeError> {
    let position = |block: usize| order.get(block).copied().unwrap_or(usize::MAX);
    let mut in_order: Vec<usize> = (0..order.len()).collect();
    in_order.sort_by_key(|block| position(*block));
    let mut dominator: Vec<Option<usize>> = vec![None; order.len()];
    if let Some(entry) = dominator.first_mut() {
        *entry = Some(0);
    }
    let mut changed = true;
    while changed {
        changed = false;
        for block in in_order.iter().copied().skip(1) {
            let mut nearest: Option<usize> = None;
            for from in before.get(block).into_iter().flatten().copied() {
                if dominator.get(from).copied().flatten().is_none() {
                    continue;
                }
                let Some(mut one) = nearest else {
                    nearest = Some(from);
                    continue;
                };
                let mut other = from;
                while one != other {
                    let up = |block: usize| dominator.get(block).copied().flatten().unwrap_or(0);
                    if position(one) > position(other) {
                        one = up(one);
                    } else {
                        other = up(other);
                    }
                }
                nearest = Some(one);
            }
            if let Some(place) = dominator.get_mut(block)
                && *place != nearest
            {
                *place = nearest;
                changed = true;
            }
        }
    }
    dominator.into_iter().map(|one| one.ok_or(OUTSIDE)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(ops: &[Op]) -> Result<Flow, NativeError> {
        let place = |(at, op): (usize, &Op)| Placed { at, next: at + 1, op: op.clone() };
        Flow::of(&ops.iter().enumerate().map(place).collect::<Vec<_>>())
    }

    #[test]
    fn a_loop_and_a_join_are_found() {
        let flow = flow(&[
            Op::If { target: 2, when: true },
            Op::Nothing,
            Op::Nothing,
            Op::If { target: 2, when: false },
            Op::Return { is_undefined: true },
        ])
        .unwrap();
        let of = |first: usize| flow.blocks.iter().position(|block| block.first == first).unwrap();
        assert!(flow.is_loop[of(2)] && flow.is_join[of(2)]);
        assert!(!flow.is_loop[of(0)] && !flow.is_join[of(4)]);
        assert_eq!(flow.dominated[of(0)], [of(1), of(2)]);
        assert!(flow.is_back(of(2), of(2)) && !flow.is_back(of(0), of(2)));
    }

    #[test]
    fn a_loop_with_two_entries_is_refused() {
        let flow = flow(&[
            Op::If { target: 2, when: true },
            Op::Nothing,
            Op::If { target: 1, when: true },
            Op::Return { is_undefined: true },
        ]);
        assert_eq!(flow.unwrap_err(), NativeError::Unsupported("a loop with two entries".to_owned()));
    }

    #[test]
    fn code_that_leads_out_of_itself_is_refused() {
        assert_eq!(flow(&[]).unwrap_err(), NativeError::Malformed("code that has no end"));
        assert_eq!(flow(&[Op::Nothing]).unwrap_err(), NativeError::Malformed("code that has no end"));
        assert_eq!(flow(&[Op::Goto(7)]).unwrap_err(), OUTSIDE);
        let jump = Op::If { target: 0, when: true };
        assert_eq!(flow(&[jump]).unwrap_err(), OUTSIDE);
    }

    #[test]
    fn blocks_are_bounded() {
        let mut ops: Vec<Op> = (0..=BLOCKS_MAX).map(|at| Op::If { target: at + 1, when: true }).collect();
        ops.push(Op::Return { is_undefined: true });
        assert!(matches!(flow(&ops), Err(NativeError::TooLarge { what: "blocks", .. })));
    }
}
