//! What a request can carry for a condition key, as far as the conditions of two policies tell it apart.
//!
//! Per key: missing, one text of every sort that the tests distinguish, or several. Each test is asked about each
//! with the evaluator's own code, so that the comparison cannot know another condition than the evaluation.

mod samples;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bits::Bits;
use super::language::{Budget, Exhausted};
use crate::condition::{KeyTest, MULTIVALUED_KEYS, Operand, Operator};
use crate::document::Effect;
use crate::evaluate::conditions::holds;
use crate::evaluate::matching::{Match, Undocumented};
use crate::glob::{Glob, Values};
use crate::request::Context;

/// The place of a test in [`Keys`].
pub(super) type TestId = usize;
/// The place of a key in [`Keys`].
pub(super) type KeyId = usize;

/// Every distinct test of the policies, by key.
#[derive(Debug)]
pub(super) struct Keys<'p> {
    /// By their name in lower case.
    names: Vec<Box<str>>,
    tests: Vec<Test<'p>>,
    /// What the tests that count say.
    worked_out: Arc<WorkedOut>,
    /// The same for other tests that counted once.
    known: BTreeMap<Vec<TestId>, Arc<WorkedOut>>,
    fixed: FixedKeys,
}

/// What some tests tell apart.
#[derive(Debug, Default)]
struct WorkedOut {
    /// By the place of the key; no states for a key of which no test counts.
    keys: Vec<Key>,
    /// By the place of the test; nothing for a test that does not count.
    tests: Vec<Option<Outcomes>>,
}

#[derive(Debug, Default)]
struct Key {
    states: Vec<KeyState>,
    freedom: Freedom,
}

/// Which states of its key can make a test true, and which false. Both, where the guide is silent or a variable decides.
#[derive(Debug)]
struct Outcomes {
    can_hold: Bits,
    can_fail: Bits,
}

/// Whether requests may carry anything for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Freedom {
    #[default]
    Free,
    Fixed,
}

/// Keys of which it is known what requests carry, by their name in lower case.
#[derive(Debug, Clone, Default)]
pub(super) struct FixedKeys {
    keys: BTreeMap<&'static str, Vec<KeyState>>,
    trust: Trust,
}

/// Whether requests are taken to be such as AWS sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Trust {
    /// A request may carry several values for any key.
    #[default]
    Nothing,
    /// It carries several only for keys of which the guide says so, as far as they are global.
    Guide,
}

impl FixedKeys {
    /// Requests are such as AWS sends.
    pub(super) fn as_documented() -> Self {
        Self { keys: BTreeMap::new(), trust: Trust::Guide }
    }

    fn can_be(&self, key: &str, state: &KeyState) -> bool {
        let has_several = matches!(state, KeyState::Values(values) if values.len() > 1);
        let is_single = key.starts_with("aws:") && !MULTIVALUED_KEYS.contains(&key);
        !(has_several && is_single && self.trust == Trust::Guide)
    }

    /// Every request carries this one value.
    pub(super) fn always(&mut self, key: &'static str, value: &str) {
        self.keys.insert(key, vec![KeyState::Values(vec![value.into()])]);
    }

    /// Every request carries these.
    pub(super) fn certain(&self) -> impl Iterator<Item = (&str, &str)> {
        self.keys.iter().filter_map(|(key, states)| match states.as_slice() {
            [KeyState::Values(values)] => values.first().map(|value| (*key, &**value)),
            _ => None,
        })
    }

    /// The context of a request that carries nothing else.
    pub(super) fn carried(&self) -> Context {
        let mut carried = Context::new();
        self.certain().for_each(|(key, value)| carried.insert(key, [value]));
        carried
    }

    /// What requests carry for a key, if they carry anything: one value, where that is known.
    pub(super) fn likely(&self, key: &str) -> Option<&str> {
        match self.keys.get(key)?.first()? {
            KeyState::Values(values) => values.first().map(|value| &**value),
            KeyState::Missing | KeyState::Unexplored => None,
        }
    }

    /// A request carries this one value or none.
    pub(super) fn if_any(&mut self, key: &'static str, value: &str) {
        self.keys.insert(key, vec![KeyState::Values(vec![value.into()]), KeyState::Missing]);
    }
}

/// The values of variables, as far as every request carries the same.
impl<'v> Values<'v> for &'v FixedKeys {
    fn value(&self, key: &str) -> Option<&'v str> {
        let states = self.keys.get(key)?;
        self.likely(key).filter(|_| states.len() == 1)
    }
}

#[derive(Debug)]
struct Test<'p> {
    operator: Operator,
    test: &'p KeyTest,
    /// Where the guide is silent, the evaluator takes an Allow and a Deny differently.
    effect: Effect,
    key: KeyId,
}

/// What a request carries for one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyState {
    Missing,
    Values(Vec<Box<str>>),
    /// Something that was not worked out; every test may hold and may fail.
    Unexplored,
}

impl<'p> Keys<'p> {
    pub(super) fn new(fixed: FixedKeys) -> Self {
        let (worked_out, known) = (Arc::default(), BTreeMap::new());
        Self { names: Vec::new(), tests: Vec::new(), worked_out, known, fixed }
    }

    /// What is known of requests.
    pub(super) fn fixed(&self) -> &FixedKeys {
        &self.fixed
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
        let key = self.names.iter().position(|name| **name == *test.folded_key()).unwrap_or_else(|| {
            self.names.push(test.folded_key().into());
            self.names.len() - 1
        });
        self.tests.push(Test { operator, test, effect, key });
        Ok(self.tests.len() - 1)
    }

    /// Works out the states of every key, after all tests were added.
    pub(super) fn work_out(&mut self, budget: &mut Budget) -> Result<(), Exhausted> {
        self.work_out_for((0..self.tests.len()).collect(), budget)
    }

    /// Works out the states that these tests alone tell apart. From here on no other test may be asked about.
    pub(super) fn work_out_for(
        &mut self,
        mut counting: Vec<TestId>,
        budget: &mut Budget,
    ) -> Result<(), Exhausted> {
        counting.sort_unstable();
        counting.dedup();
        self.worked_out = match self.known.get(&counting) {
            Some(known) => Arc::clone(known),
            None => {
                let found = Arc::new(self.outcomes_of(&counting, budget)?);
                self.known.insert(counting, Arc::clone(&found));
                found
            }
        };
        Ok(())
    }

    fn outcomes_of(&self, counting: &[TestId], budget: &mut Budget) -> Result<WorkedOut, Exhausted> {
        if counting.is_empty() {
            return Ok(WorkedOut::default());
        }
        let fixed = &self.fixed;
        let carried = fixed.carried();
        let counts = |id: usize| counting.binary_search(&id).is_ok();
        let mut keys = Vec::new();
        for (id, name) in self.names.iter().enumerate() {
            let tests: Vec<&Test<'_>> = counting
                .iter()
                .filter_map(|test| self.tests.get(*test))
                .filter(|test| test.key == id)
                .collect();
            keys.push(match fixed.keys.get(&**name) {
                _ if tests.is_empty() => Key::default(),
                Some(states) => Key { states: states.clone(), freedom: Freedom::Fixed },
                None => {
                    let mut states = samples::states(&tests, fixed, budget)?;
                    states.retain(|state| fixed.can_be(name, state));
                    Key { states, freedom: Freedom::Free }
                }
            });
        }
        let mut tests = Vec::new();
        for (id, test) in self.tests.iter().enumerate() {
            let Some((key, name)) = keys.get(test.key).zip(self.names.get(test.key)).filter(|_| counts(id))
            else {
                tests.push(None);
                continue;
            };
            budget.spend(key.states.len() / 8)?;
            let verdicts: Vec<Verdicts> =
                key.states.iter().map(|state| ask(test, name, state, fixed, &carried)).collect();
            let is = |which: fn(&Verdicts) -> bool| {
                Bits::such_that(verdicts.len(), |state| verdicts.get(state).is_some_and(which))
            };
            let (can_hold, can_fail) = (is(|verdicts| verdicts.can_hold), is(|verdicts| verdicts.can_fail));
            tests.push(Some(Outcomes { can_hold, can_fail }));
        }
        Ok(WorkedOut { keys, tests })
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.worked_out.keys.len()
    }

    pub(super) fn key_of(&self, test: TestId) -> KeyId {
        self.tests.get(test).map_or(0, |test| test.key)
    }

    pub(super) fn can_hold(&self, test: TestId) -> Option<&Bits> {
        self.outcomes(test).map(|outcomes| &outcomes.can_hold)
    }

    pub(super) fn can_fail(&self, test: TestId) -> Option<&Bits> {
        self.outcomes(test).map(|outcomes| &outcomes.can_fail)
    }

    fn outcomes(&self, test: TestId) -> Option<&Outcomes> {
        self.worked_out.tests.get(test)?.as_ref()
    }

    fn key(&self, key: KeyId) -> Option<&Key> {
        self.worked_out.keys.get(key)
    }

    /// Every state of a key.
    pub(super) fn all_states(&self, key: KeyId) -> Bits {
        Bits::all(self.key(key).map_or(0, |key| key.states.len()))
    }

    /// Whether a request has to say something for the key, because not everything can be said.
    pub(super) fn is_fixed(&self, key: KeyId) -> bool {
        self.key(key).is_some_and(|key| key.freedom == Freedom::Fixed)
    }

    pub(super) fn name(&self, key: KeyId) -> &str {
        self.names.get(key).map_or("", |name| name)
    }

    pub(super) fn state(&self, key: KeyId, state: usize) -> Option<&KeyState> {
        self.key(key)?.states.get(state)
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

/// Whether the test can hold and fail of the state, whatever the request carries for keys that are not fixed.
fn ask(test: &Test<'_>, key: &str, state: &KeyState, fixed: &FixedKeys, carried: &Context) -> Verdicts {
    let mut context = carried.clone();
    match state {
        KeyState::Missing => context.remove(key),
        KeyState::Values(values) => context.insert(key, values.iter().cloned()),
        KeyState::Unexplored => return Verdicts::EITHER,
    }
    let is_missing = *state == KeyState::Missing;
    match holds(test.operator, test.test, &context) {
        // A variable may turn any comparison round, but a missing key is compared with nothing.
        Match::Yes | Match::No
            if !is_missing && operands_of(test.test).any(|operand| has_variables(operand, &fixed)) =>
        {
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

/// Whether something is left open that requests do not all carry.
fn has_variables<'v>(operand: &Operand, fixed: &impl Values<'v>) -> bool {
    glob(&operand.with_values(fixed)).is_some_and(Glob::has_variables)
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
