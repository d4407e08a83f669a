//! What a request can carry for a condition key, as far as the conditions of two policies tell it apart.
//!
//! Per key: missing, one text of every sort that the tests distinguish, or several. Each test is asked about each
//! with the evaluator's own code, so that the comparison cannot know another condition than the evaluation.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::language::{Budget, Exhausted, Language, Step, combinations};
use crate::condition::{Comparison, Decimal, KeyTest, Operand, Operator};
use crate::document::Effect;
use crate::evaluate::conditions::holds;
use crate::evaluate::matching::{Match, Undocumented};
use crate::glob::{Glob, Reach, Token, Wildcards};
use crate::request::Context;
use crate::variable::Variables;

/// The place of a test in [`Keys`].
pub(super) type TestId = usize;
/// The place of a key in [`Keys`].
pub(super) type KeyId = usize;

/// Sets of several values are tried up to this many.
const MOST_SETS: usize = 300;

/// What the patterns of one key may cost of the budget.
const COST_OF_ONE_KEY: u32 = 5_000;

/// Every distinct test of the policies, by key.
#[derive(Debug)]
pub(super) struct Keys<'p> {
    keys: Vec<Key>,
    tests: Vec<Test<'p>>,
}

#[derive(Debug)]
struct Key {
    name: Box<str>,
    states: Vec<KeyState>,
}

#[derive(Debug)]
struct Test<'p> {
    operator: Operator,
    test: &'p KeyTest,
    /// Where the guide is silent, the evaluator takes an Allow and a Deny differently.
    effect: Effect,
    key: KeyId,
    /// Which states of the key can make the test true, and which false. Both, where the guide is silent or a
    /// variable decides.
    can_hold: StateSet,
    can_fail: StateSet,
}

/// What a request carries for one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyState {
    Missing,
    Values(Vec<Box<str>>),
    /// Something that was not worked out; every test may hold and may fail.
    Unexplored,
}

/// A set of states of one key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct StateSet {
    bits: Vec<u64>,
}

/// What the values of a test are compared as. Texts of one sort know nothing of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    Text,
    Number,
    Date,
    Address,
}

impl StateSet {
    fn from_states(count: usize, mut is_in: impl FnMut(usize) -> bool) -> Self {
        let mut bits = vec![0; count.div_ceil(64)];
        for state in (0..count).filter(|state| is_in(*state)) {
            if let Some(word) = bits.get_mut(state / 64) {
                *word |= 1 << (state % 64);
            }
        }
        Self { bits }
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        Self { bits: self.bits.iter().zip(&other.bits).map(|(left, right)| left & right).collect() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bits.iter().all(|word| *word == 0)
    }

    pub(super) fn states(&self) -> impl Iterator<Item = usize> {
        (0..).zip(&self.bits).flat_map(|(place, word)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| place * 64 + bit)
        })
    }
}

impl<'p> Keys<'p> {
    pub(super) fn new() -> Self {
        Self { keys: Vec::new(), tests: Vec::new() }
    }

    /// The place of a test; one that was seen before keeps its place.
    pub(super) fn add(
        &mut self,
        operator: Operator,
        test: &'p KeyTest,
        effect: Effect,
        budget: &mut Budget,
    ) -> Result<TestId, Exhausted> {
        budget.spend(self.tests.len() / 32)?;
        let is_same = |seen: &Test<'_>| {
            let values = || {
                let operands = |test: &'p KeyTest| test.values().iter().map(|value| &value.operand);
                operands(test).eq(operands_of(seen.test))
            };
            seen.operator == operator
                && seen.effect == effect
                && seen.test.folded_key() == test.folded_key()
                && values()
        };
        if let Some(place) = self.tests.iter().position(is_same) {
            return Ok(place);
        }
        let key = self.keys.iter().position(|key| *key.name == *test.folded_key()).unwrap_or_else(|| {
            self.keys.push(Key { name: test.folded_key().into(), states: Vec::new() });
            self.keys.len() - 1
        });
        let (can_hold, can_fail) = (StateSet::default(), StateSet::default());
        self.tests.push(Test { operator, test, effect, key, can_hold, can_fail });
        Ok(self.tests.len() - 1)
    }

    /// Works out the states of every key, after all tests were added.
    pub(super) fn work_out(&mut self, budget: &mut Budget) -> Result<(), Exhausted> {
        for (id, key) in self.keys.iter_mut().enumerate() {
            let tests: Vec<&Test<'_>> = self.tests.iter().filter(|test| test.key == id).collect();
            key.states = states(&tests, budget)?;
        }
        for test in &mut self.tests {
            let Some(key) = self.keys.get(test.key) else { continue };
            budget.spend(key.states.len() / 8)?;
            let verdicts: Vec<Verdicts> =
                key.states.iter().map(|state| ask(test, &key.name, state)).collect();
            let is = |which: fn(&Verdicts) -> bool| {
                StateSet::from_states(verdicts.len(), |state| verdicts.get(state).is_some_and(which))
            };
            test.can_hold = is(|verdicts| verdicts.can_hold);
            test.can_fail = is(|verdicts| verdicts.can_fail);
        }
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn key_of(&self, test: TestId) -> KeyId {
        self.tests.get(test).map_or(0, |test| test.key)
    }

    pub(super) fn can_hold(&self, test: TestId) -> Option<&StateSet> {
        self.tests.get(test).map(|test| &test.can_hold)
    }

    pub(super) fn can_fail(&self, test: TestId) -> Option<&StateSet> {
        self.tests.get(test).map(|test| &test.can_fail)
    }

    /// Every state of a key.
    pub(super) fn all_states(&self, key: KeyId) -> StateSet {
        StateSet::from_states(self.keys.get(key).map_or(0, |key| key.states.len()), |_| true)
    }

    pub(super) fn name(&self, key: KeyId) -> &str {
        self.keys.get(key).map_or("", |key| &key.name)
    }

    pub(super) fn state(&self, key: KeyId, state: usize) -> Option<&KeyState> {
        self.keys.get(key)?.states.get(state)
    }
}

fn operands_of(test: &KeyTest) -> impl Iterator<Item = &Operand> {
    test.values().iter().map(|value| &value.operand)
}

#[derive(Debug, Clone, Copy)]
struct Verdicts {
    can_hold: bool,
    can_fail: bool,
}

impl Verdicts {
    const EITHER: Self = Self { can_hold: true, can_fail: true };
}

/// Whether the test can hold and fail of the state, whatever the request carries for other keys.
fn ask(test: &Test<'_>, key: &str, state: &KeyState) -> Verdicts {
    let mut context = Context::new();
    match state {
        KeyState::Missing => {}
        KeyState::Values(values) => context.insert(key, values.iter().cloned()),
        KeyState::Unexplored => return Verdicts::EITHER,
    }
    let is_missing = *state == KeyState::Missing;
    match holds(test.operator, test.test, &context) {
        // A variable may turn any comparison round, but a missing key is compared with nothing.
        Match::Yes | Match::No if !is_missing && operands_of(test.test).any(has_variables) => {
            Verdicts::EITHER
        }
        Match::Yes => Verdicts { can_hold: true, can_fail: false },
        Match::No => Verdicts { can_hold: false, can_fail: true },
        // The guide forbids it; as the evaluator takes it.
        Match::Silent(Undocumented::SeveralValues) => {
            Verdicts { can_hold: test.effect == Effect::Allow, can_fail: test.effect == Effect::Deny }
        }
        Match::Silent(_) => Verdicts::EITHER,
    }
}

fn has_variables(operand: &Operand) -> bool {
    glob(operand).is_some_and(Glob::has_variables)
}

fn glob(operand: &Operand) -> Option<&Glob> {
    match operand {
        Operand::Text(glob) | Operand::FoldedText(glob) | Operand::Arn(glob) => Some(glob),
        Operand::Number(_)
        | Operand::Instant(_)
        | Operand::Truth(_)
        | Operand::Network(_)
        | Operand::Binary(_)
        | Operand::Unreadable => None,
    }
}

/// The states of a key that its tests tell apart.
fn states(tests: &[&Test<'_>], budget: &mut Budget) -> Result<Vec<KeyState>, Exhausted> {
    let asks_for_value = |test: &&&Test<'_>| test.operator.comparison() != Comparison::Null;
    let operands = || tests.iter().filter(asks_for_value).flat_map(|test| operands_of(test.test));
    let mut sorts: Vec<Sort> = operands().filter_map(sort).collect();
    sorts.sort_unstable();
    sorts.dedup();

    // The empty text counts as missing under the set operators.
    let mut texts: Vec<Box<str>> = vec!["".into(), "x".into()];
    let mut is_complete = sorts.len() <= 1 && operands().all(is_understood);
    for sort in sorts {
        match sort {
            Sort::Text => match text_samples(&operands().collect::<Vec<_>>(), budget) {
                Ok(samples) => texts.extend(samples),
                Err(Exhausted) => is_complete = false,
            },
            Sort::Number => texts.extend(number_samples(operands())),
            Sort::Date => texts.extend(operands().filter_map(instant_of).flat_map(instants_around)),
            Sort::Address => texts.extend(operands().filter_map(network_of).flat_map(addresses_around)),
        }
    }
    texts.sort_unstable_by(|left, right| (left.len(), left).cmp(&(right.len(), right)));
    texts.dedup();
    budget.spend(texts.len())?;

    let mut states: Vec<KeyState> = Vec::new();
    // One text that says something comes first, because examples are read by people.
    states.extend(
        texts.iter().filter(|text| !text.is_empty()).map(|text| KeyState::Values(vec![text.clone()])),
    );
    states.push(KeyState::Missing);
    states.push(KeyState::Values(vec!["".into()]));
    let set_tests = tests.iter().filter(|test| test.operator.quantifier().is_some()).count();
    let (sets, are_all) = sets(&texts, set_tests);
    states.extend(sets.into_iter().map(KeyState::Values));
    is_complete &= are_all == Extent::All;
    states.extend((!is_complete).then_some(KeyState::Unexplored));
    Ok(states)
}

/// Whether samples stand for everything that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    All,
    Some,
}

/// The lists of several values to try. What `set_tests` tests say of a list shows in one of as many values; a list
/// of one value twice is not one value to the operators that want one.
fn sets(texts: &[Box<str>], set_tests: usize) -> (Vec<Vec<Box<str>>>, Extent) {
    let mut sets: Vec<Vec<Box<str>>> = texts.iter().map(|text| vec![text.clone(); 2]).collect();
    if set_tests == 0 {
        sets.truncate(1);
        return (sets, Extent::All);
    }
    let mut last: Vec<Vec<usize>> = (0..texts.len()).map(|text| vec![text]).collect();
    for _ in 1..set_tests.min(texts.len()) {
        let mut longer = Vec::new();
        for set in &last {
            let after = set.last().map_or(0, |last| last + 1);
            longer.extend((after..texts.len()).map(|text| [set.as_slice(), &[text]].concat()));
            if sets.len() + longer.len() > MOST_SETS {
                return (sets, Extent::Some);
            }
        }
        sets.extend(
            longer.iter().map(|set| set.iter().filter_map(|text| texts.get(*text).cloned()).collect()),
        );
        last = longer;
    }
    (sets, Extent::All)
}

fn sort(operand: &Operand) -> Option<Sort> {
    match operand {
        Operand::Text(_)
        | Operand::FoldedText(_)
        | Operand::Arn(_)
        | Operand::Binary(_)
        | Operand::Truth(_) => Some(Sort::Text),
        Operand::Number(_) => Some(Sort::Number),
        Operand::Instant(_) => Some(Sort::Date),
        Operand::Network(_) => Some(Sort::Address),
        Operand::Unreadable => None,
    }
}

/// Whether the samples tell everything that the operand can tell apart.
fn is_understood(operand: &Operand) -> bool {
    match operand {
        // Letters outside ASCII have more than two cases.
        Operand::FoldedText(glob) => glob.tokens().iter().all(|token| match token {
            Token::Literal(text) => text.is_ascii(),
            Token::Run(_) | Token::One(_) | Token::Value(..) => true,
        }),
        Operand::Text(_)
        | Operand::Arn(_)
        | Operand::Binary(_)
        | Operand::Truth(_)
        | Operand::Number(_)
        | Operand::Instant(_)
        | Operand::Network(_)
        | Operand::Unreadable => true,
    }
}

/// A text for every combination of the patterns that a text can match.
fn text_samples(operands: &[&Operand], budget: &mut Budget) -> Result<Vec<Box<str>>, Exhausted> {
    let mut languages = Vec::new();
    for operand in operands {
        languages.extend(language(operand)?);
    }
    if operands.iter().any(|operand| matches!(operand, Operand::Arn(_))) {
        let arn = Glob::text("arn:*:*:*:*:*", Wildcards::Active, Variables::Literal);
        languages.push(Language::new(&arn, Language::any_text)?);
    }
    let not_empty = Language::from_steps(vec![Step::One(Reach::Anything), Step::Run(Reach::Anything)])?;
    let mut share = budget.split(COST_OF_ONE_KEY);
    let texts = combinations(&not_empty, &languages.iter().collect::<Vec<_>>(), |_| true, &mut share);
    budget.merge(share);
    Ok(texts?.into_iter().map(Into::into).collect())
}

fn language(operand: &Operand) -> Result<Option<Language>, Exhausted> {
    let folded = |text: &str| {
        let fold = |letter: char| match letter.to_ascii_lowercase() {
            letter if letter.is_ascii_alphabetic() => Step::Folded(letter),
            letter => Step::Char(letter),
        };
        Language::from_steps(text.chars().map(fold).collect())
    };
    Ok(match operand {
        // What a variable decides is left open, see `ask`.
        Operand::Text(glob) | Operand::Arn(glob) if !glob.has_variables() => {
            Some(Language::new(glob, Language::any_text)?)
        }
        Operand::FoldedText(glob) if !glob.has_variables() => {
            let text: String = glob.tokens().iter().filter_map(literal).collect();
            Some(folded(&text)?)
        }
        Operand::Truth(truth) => Some(folded(&truth.to_string())?),
        Operand::Binary(text) => Some(Language::from_steps(Language::text(text))?),
        Operand::Text(_)
        | Operand::Arn(_)
        | Operand::FoldedText(_)
        | Operand::Number(_)
        | Operand::Instant(_)
        | Operand::Network(_)
        | Operand::Unreadable => None,
    })
}

fn literal(token: &Token) -> Option<&str> {
    match token {
        Token::Literal(text) => Some(text),
        Token::Run(_) | Token::One(_) | Token::Value(..) => None,
    }
}

/// The numbers of the operands, one between each two neighbours, and one on either side.
fn number_samples<'o>(operands: impl Iterator<Item = &'o Operand>) -> Vec<Box<str>> {
    let numbers: Vec<&Decimal> = operands
        .filter_map(|operand| if let Operand::Number(number) = operand { Some(number) } else { None })
        .collect();
    let digits = numbers.iter().map(|number| number.fraction_digits()).max().unwrap_or(0);
    // Of two neighbours on one side of zero, the one nearer to it has the other beyond it, with room between.
    let beyond = numbers.iter().map(|number| number.a_little_beyond(digits));
    let zero = "0".repeat(digits);
    let around_zero = [format!("0.{zero}1"), format!("-0.{zero}1")];
    numbers.iter().map(ToString::to_string).chain(beyond).chain(around_zero).map(Into::into).collect()
}

fn instant_of(operand: &Operand) -> Option<i128> {
    if let Operand::Instant(instant) = operand { Some(*instant) } else { None }
}

/// The instant, and the nearest before and after it. In between there is none.
fn instants_around(instant: i128) -> impl Iterator<Item = Box<str>> {
    const SECOND: i128 = 1_000_000_000;
    [instant - 1, instant, instant + 1].into_iter().flat_map(|nanoseconds| {
        match jiff::Timestamp::from_nanosecond(nanoseconds) {
            Ok(stamp) => vec![stamp.to_string().into()],
            // Beyond the calendar there are only whole seconds since 1970.
            Err(_) => {
                let second = nanoseconds.div_euclid(SECOND);
                vec![second.to_string().into(), (second + 1).to_string().into()]
            }
        }
    })
}

fn network_of(operand: &Operand) -> Option<IpNet> {
    if let Operand::Network(network) = operand { Some(*network) } else { None }
}

/// The first address of the range, the first after it, and the first of all: what a set of ranges says of
/// addresses changes nowhere else.
fn addresses_around(network: IpNet) -> impl Iterator<Item = Box<str>> {
    let after = match network.broadcast() {
        IpAddr::V4(last) => u32::from(last).checked_add(1).map(|next| IpAddr::V4(next.into())),
        IpAddr::V6(last) => u128::from(last).checked_add(1).map(|next| IpAddr::V6(next.into())),
    };
    [Some(network.network()), after, Some(Ipv4Addr::UNSPECIFIED.into()), Some(Ipv6Addr::UNSPECIFIED.into())]
        .into_iter()
        .flatten()
        .map(|address| address.to_string().into())
}
