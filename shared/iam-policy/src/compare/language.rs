//! The texts that patterns stand for, as a product of small automata.
//!
//! A pattern is a row of steps; what it may still match is a set of places in that row. Several patterns are read
//! side by side, letter by letter, where only the letters that matter to one of them at its places are told apart.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::rc::Rc;

use crate::glob::{Glob, Reach, Token};
use crate::variable::Variable;

/// What is left of the work that one comparison may cost, in product states and search nodes.
#[derive(Debug)]
pub(super) struct Budget {
    left: u32,
}

/// The work that was allowed is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exhausted;

/// A longer pattern is not taken apart.
const LONGEST_PATTERN: usize = 4_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Char(char),
    /// An ASCII letter in either case.
    Folded(char),
    One(Reach),
    Run(Reach),
    /// A variable as a letter of its own, which only a run or the same variable can match.
    Symbol(u16, Reach),
    /// Matched by nothing.
    Never,
}

/// The texts of one pattern.
#[derive(Debug, Clone)]
pub(super) struct Language {
    steps: Box<[Step]>,
    /// How many letters have to follow at each place.
    least: Box<[u16]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Letter {
    Char(char),
    Symbol(u16, Reach),
}

impl Budget {
    pub(super) fn new(left: u32) -> Self {
        Self { left }
    }

    pub(super) fn spend(&mut self, cost: usize) -> Result<(), Exhausted> {
        let cost = u32::try_from(cost).map_err(|_| Exhausted)?;
        self.left = self.left.checked_sub(cost).ok_or(Exhausted)?;
        Ok(())
    }

    /// A part of it, for work that may fail without the rest.
    pub(super) fn split(&mut self, at_most: u32) -> Self {
        let part = self.left.min(at_most);
        self.left -= part;
        Self { left: part }
    }

    /// Gives back what is left of a part.
    pub(super) fn merge(&mut self, part: Self) {
        self.left = self.left.saturating_add(part.left);
    }
}

impl Language {
    /// The texts of `glob`, its variables replaced by what `variable` makes of them.
    pub(super) fn new(
        glob: &Glob,
        mut variable: impl FnMut(&Variable, Reach) -> Vec<Step>,
    ) -> Result<Self, Exhausted> {
        let mut steps = Vec::new();
        for token in glob.tokens() {
            match token {
                Token::Literal(text) => steps.extend(text.chars().map(Step::Char)),
                Token::Run(reach) => steps.push(Step::Run(*reach)),
                Token::One(reach) => steps.push(Step::One(*reach)),
                Token::Value(name, reach) => steps.extend(variable(name, *reach)),
            }
        }
        Self::from_steps(steps)
    }

    pub(super) fn from_steps(steps: Vec<Step>) -> Result<Self, Exhausted> {
        if steps.len() > LONGEST_PATTERN {
            return Err(Exhausted);
        }
        let mut least = vec![0];
        for step in steps.iter().rev() {
            let after = least.last().copied().unwrap_or(0);
            least.push(if matches!(step, Step::Run(_)) { after } else { after + 1 });
        }
        least.reverse();
        Ok(Self { steps: steps.into(), least: least.into() })
    }

    /// A variable that may be any text.
    pub(super) fn any_text(_: &Variable, reach: Reach) -> Vec<Step> {
        vec![Step::Run(reach)]
    }

    /// A text as it stands.
    pub(super) fn text(text: &str) -> Vec<Step> {
        text.chars().map(Step::Char).collect()
    }

    /// Whether its wildcards go past anything.
    pub(super) fn is_unconfined(&self) -> bool {
        self.steps.iter().all(|step| match step {
            Step::Char(_) | Step::Folded(_) | Step::Never => true,
            Step::One(reach) | Step::Run(reach) | Step::Symbol(_, reach) => *reach == Reach::Anything,
        })
    }

    fn step(&self, place: u16) -> Option<Step> {
        self.steps.get(usize::from(place)).copied()
    }

    fn least(&self, place: u16) -> u16 {
        self.least.get(usize::from(place)).copied().unwrap_or(0)
    }

    fn is_end(&self, place: u16) -> bool {
        usize::from(place) == self.steps.len()
    }

    /// Whether every text goes on to match from here.
    fn is_universal(&self, place: u16) -> bool {
        self.step(place) == Some(Step::Run(Reach::Anything)) && usize::from(place) + 1 == self.steps.len()
    }
}

impl Step {
    fn accepts(self, letter: Letter) -> bool {
        match (self, letter) {
            (Self::Char(wanted), Letter::Char(given)) => wanted == given,
            // The only other character whose lower case is an ASCII letter is the Kelvin sign.
            (Self::Folded(wanted), Letter::Char(given)) => {
                wanted.eq_ignore_ascii_case(&given) || (wanted == 'k' && given == '\u{212a}')
            }
            (Self::One(reach) | Self::Run(reach), Letter::Char(given)) => {
                reach == Reach::Anything || given != ':'
            }
            // The value of a confined variable holds no colon.
            (Self::Run(reach), Letter::Symbol(_, confined)) => {
                reach == Reach::Anything || confined == Reach::WithinPart
            }
            (Self::Symbol(wanted, reach), Letter::Symbol(given, confined)) => {
                wanted == given && (reach == Reach::Anything || confined == Reach::WithinPart)
            }
            (Self::Symbol(..), Letter::Char(_))
            | (Self::Char(_) | Self::Folded(_) | Self::One(_), Letter::Symbol(..))
            | (Self::Never, _) => false,
        }
    }
}

/// Where the patterns of a product stand: the pattern and a place in its steps.
/// INVARIANT of a state: sorted, each once.
type State = Vec<(u16, u16)>;

/// Patterns read side by side.
struct Product<'l> {
    languages: Vec<&'l Language>,
    /// How many of them, from the first, every text has to match.
    required: u16,
    is_letter: fn(char) -> bool,
}

/// A state that was reached, and how.
struct Node {
    before: usize,
    letter: Option<Letter>,
    /// Nothing, where one letter alone goes on and was followed at once.
    state: Option<Rc<State>>,
}

/// What came of going on to a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reached {
    /// What is looked for.
    Goal,
    /// A state to go on from.
    More,
    /// A dead end, or what was seen before.
    Nothing,
}

/// A text that every pattern of `within` matches and none of `without`, if there is one.
///
/// # Errors
/// The budget does not suffice to tell.
pub(super) fn find(
    within: &[&Language],
    without: &[&Language],
    is_letter: fn(char) -> bool,
    budget: &mut Budget,
) -> Result<Option<String>, Exhausted> {
    let product = Product::new(within, without, is_letter)?;
    let mut nodes = Vec::new();
    let is_dead = |state: &State| product.is_covered(state);
    let found = product
        .explore(&mut nodes, is_dead, budget, |state| product.accepted(state).eq(0..product.required))?;
    Ok(found.map(|node| text(&nodes, node)))
}

/// Which of `patterns` the texts of `within` can match together: every combination, with a text for it.
///
/// # Errors
/// The budget does not suffice to tell.
pub(super) fn combinations(
    within: &Language,
    patterns: &[&Language],
    is_letter: fn(char) -> bool,
    budget: &mut Budget,
) -> Result<Vec<String>, Exhausted> {
    let product = Product::new(&[within], patterns, is_letter)?;
    let mut nodes = Vec::new();
    let mut found: BTreeMap<Vec<u16>, usize> = BTreeMap::new();
    let mut count = 0;
    product.explore(
        &mut nodes,
        |_| false,
        budget,
        |state| {
            let accepted: Vec<u16> = product.accepted(state).collect();
            if accepted.first() == Some(&0) {
                found.entry(accepted).or_insert(count);
            }
            count += 1;
            false
        },
    )?;
    Ok(found.into_values().map(|node| text(&nodes, node)).collect())
}

fn text(nodes: &[Node], last: usize) -> String {
    let mut letters = Vec::new();
    let mut here = nodes.get(last);
    while let Some(node) = here {
        match node.letter {
            Some(Letter::Char(letter)) => letters.push(letter),
            // Symbols are for asking whether there is a text, not which.
            Some(Letter::Symbol(..)) => letters.push('$'),
            None => break,
        }
        here = nodes.get(node.before);
    }
    letters.iter().rev().collect()
}

impl<'l> Product<'l> {
    fn new(
        within: &[&'l Language],
        others: &[&'l Language],
        is_letter: fn(char) -> bool,
    ) -> Result<Self, Exhausted> {
        let languages = [within, others].concat();
        u16::try_from(languages.len()).map_err(|_| Exhausted)?;
        Ok(Self { languages, required: u16::try_from(within.len()).map_err(|_| Exhausted)?, is_letter })
    }

    fn language(&self, index: u16) -> Option<&'l Language> {
        self.languages.get(usize::from(index)).copied()
    }

    /// Visits every state that a text can lead to, nearest to an end first, until `is_found`. A state in which
    /// a required pattern cannot match any more, or that `is_dead`, is left out.
    fn explore(
        &self,
        nodes: &mut Vec<Node>,
        is_dead: impl Fn(&State) -> bool,
        budget: &mut Budget,
        mut is_found: impl FnMut(&State) -> bool,
    ) -> Result<Option<usize>, Exhausted> {
        let mut seen: BTreeSet<Rc<State>> = BTreeSet::new();
        let mut waiting = BinaryHeap::new();
        let mut arrive = |nodes: &mut Vec<Node>,
                          waiting: &mut BinaryHeap<_>,
                          budget: &mut Budget,
                          (mut before, mut letter): (usize, Option<Letter>),
                          mut state: State|
         -> Result<Reached, Exhausted> {
            // A spelled out text is followed to its end without looking to either side.
            while let Some(next) = self.only_letter(&state) {
                budget.spend(1 + state.len() / 8)?;
                if is_dead(&state) || !self.may_follow(&state, next) {
                    return Ok(Reached::Nothing);
                }
                let is_found = is_found(&state);
                nodes.push(Node { before, letter, state: None });
                if is_found {
                    return Ok(Reached::Goal);
                }
                (before, letter) = (nodes.len() - 1, Some(next));
                state = self.advance(&state, next);
            }
            let state = Rc::new(state);
            let Some(distance) = self.distance(&state).filter(|_| !is_dead(&state)) else {
                return Ok(Reached::Nothing);
            };
            if !seen.insert(Rc::clone(&state)) {
                return Ok(Reached::Nothing);
            }
            waiting.push((std::cmp::Reverse(distance), nodes.len()));
            let is_found = is_found(&state);
            nodes.push(Node { before, letter, state: Some(state) });
            Ok(if is_found { Reached::Goal } else { Reached::More })
        };
        if arrive(nodes, &mut waiting, budget, (0, None), self.start())? == Reached::Goal {
            return Ok(Some(nodes.len() - 1));
        }
        while let Some((_, at)) = waiting.pop() {
            let Some(state) = nodes.get(at).and_then(|node| node.state.clone()) else { break };
            budget.spend(1 + state.len() / 8)?;
            for letter in self.letters(&state) {
                if !self.may_follow(&state, letter) {
                    continue;
                }
                let next = self.advance(&state, letter);
                if arrive(nodes, &mut waiting, budget, (at, Some(letter)), next)? == Reached::Goal {
                    return Ok(Some(nodes.len() - 1));
                }
            }
        }
        Ok(None)
    }

    /// The letter that a required pattern spells out next. None other can follow.
    fn only_letter(&self, state: &State) -> Option<Letter> {
        let mut required = state.chunk_by(|left, right| left.0 == right.0).take(usize::from(self.required));
        required.find_map(|places| match places {
            [(index, place)] if *index < self.required => match self.language(*index)?.step(*place) {
                Some(Step::Char(letter)) if (self.is_letter)(letter) => Some(Letter::Char(letter)),
                _ => None,
            },
            _ => None,
        })
    }

    /// Whether every required pattern has a place that takes the letter.
    fn may_follow(&self, state: &State, letter: Letter) -> bool {
        let takes = |(index, place): &(u16, u16)| {
            let step = self.language(*index).and_then(|language| language.step(*place));
            step.is_some_and(|step| step.accepts(letter))
        };
        let mut required = state.chunk_by(|left, right| left.0 == right.0).take(usize::from(self.required));
        required.all(|places| places.iter().any(takes))
    }

    fn start(&self) -> State {
        let mut state = State::new();
        for (index, language) in (0..).zip(&self.languages) {
            let from = state.len();
            Self::arrive_at(&mut state, index, language, 0);
            Self::tidy(&mut state, from, language);
        }
        state
    }

    fn advance(&self, state: &State, letter: Letter) -> State {
        let mut next = State::with_capacity(state.len());
        for group in state.chunk_by(|left, right| left.0 == right.0) {
            let Some(language) = group.first().and_then(|(index, _)| self.language(*index)) else { continue };
            let from = next.len();
            for (index, place) in group {
                match language.step(*place) {
                    Some(step @ Step::Run(_)) if step.accepts(letter) => {
                        Self::arrive_at(&mut next, *index, language, *place);
                    }
                    Some(Step::Run(_)) | None => {}
                    Some(step) if step.accepts(letter) => {
                        Self::arrive_at(&mut next, *index, language, place + 1);
                    }
                    Some(_) => {}
                }
            }
            Self::tidy(&mut next, from, language);
        }
        next
    }

    /// Adds the place, and the places that runs let one reach without a letter.
    fn arrive_at(state: &mut State, index: u16, language: &Language, mut place: u16) {
        state.push((index, place));
        while matches!(language.step(place), Some(Step::Run(_))) {
            place += 1;
            state.push((index, place));
        }
    }

    /// Sorts the places of the last language. Whatever matches before a run that takes anything also matches from
    /// that run on, so that the places before the last such run are left out.
    fn tidy(state: &mut State, from: usize, language: &Language) {
        let Some(places) = state.get_mut(from..) else { return };
        places.sort_unstable();
        let is_run = |(_, place): &(u16, u16)| language.step(*place) == Some(Step::Run(Reach::Anything));
        let last_run = places.iter().rposition(is_run).unwrap_or(0);
        state.drain(from..from + last_run);
        state.dedup();
    }

    /// How many letters have to follow at least, unless a required pattern cannot match any more.
    fn distance(&self, state: &State) -> Option<u16> {
        let mut required = 0;
        let mut distance = 0;
        for group in state.chunk_by(|left, right| left.0 == right.0) {
            let (index, _) = *group.first()?;
            if index >= self.required {
                break;
            }
            let language = self.language(index)?;
            let least = group.iter().map(|(_, place)| language.least(*place)).min()?;
            distance = distance.max(least);
            required += 1;
        }
        (required == self.required).then_some(distance)
    }

    /// Whether a pattern that is not required matches whatever follows.
    fn is_covered(&self, state: &State) -> bool {
        state.iter().any(|(index, place)| {
            *index >= self.required
                && self.language(*index).is_some_and(|language| language.is_universal(*place))
        })
    }

    /// The patterns that match a text which ends here.
    fn accepted(&self, state: &State) -> impl Iterator<Item = u16> {
        state
            .iter()
            .filter(|(index, place)| self.language(*index).is_some_and(|language| language.is_end(*place)))
            .map(|(index, _)| *index)
    }

    /// The letters that one of the patterns tells from others at its places, and one that none does.
    fn letters(&self, state: &State) -> Vec<Letter> {
        let mut characters = vec![':'];
        let mut letters = Vec::new();
        for (index, place) in state {
            match self.language(*index).and_then(|language| language.step(*place)) {
                Some(Step::Char(character)) => characters.push(character),
                Some(Step::Folded(character)) => {
                    characters.extend([character, character.to_ascii_uppercase()]);
                    characters.extend((character == 'k').then_some('\u{212a}'));
                }
                Some(Step::Symbol(symbol, reach)) if *index < self.required => {
                    letters.push(Letter::Symbol(symbol, reach));
                }
                Some(Step::Symbol(..) | Step::One(_) | Step::Run(_) | Step::Never) | None => {}
            }
        }
        characters.sort_unstable();
        characters.dedup();
        let is_new = |character: &char| (self.is_letter)(*character) && !characters.contains(character);
        let other = ('a'..='z').rev().cycle().skip(2).take(26).chain('0'..='9').find(is_new);
        let other = other.or_else(|| ('!'..='~').chain('\u{a1}'..=char::MAX).find(is_new));
        letters.extend(
            characters
                .iter()
                .copied()
                .filter(|letter| (self.is_letter)(*letter))
                .chain(other)
                .map(Letter::Char),
        );
        letters
    }
}
