//! Samples of what a request can carry for a key: enough that every test of the key shows all it can say.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::{FixedKeys, KeyState, Test, operands_of};
use crate::compare::language::{Budget, Exhausted, Language, Step, combinations};
use crate::condition::{Comparison, Decimal, Operand};
use crate::glob::{Glob, Reach, Token, Wildcards};
use crate::variable::Variables;

/// Sets of several values are tried up to this many.
const MOST_SETS: usize = 300;

/// What the patterns of one key may cost of the budget.
const COST_OF_ONE_KEY: u32 = 5_000;

/// What the values of a test are compared as. Texts of one sort know nothing of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    Text,
    Number,
    Date,
    Address,
}

/// The states of a key that its tests tell apart.
pub(super) fn states(
    tests: &[&Test<'_>],
    fixed: &FixedKeys,
    budget: &mut Budget,
) -> Result<Vec<KeyState>, Exhausted> {
    let asks_for_value = |test: &&&Test<'_>| test.operator.comparison() != Comparison::Null;
    let asked = tests.iter().filter(asks_for_value).flat_map(|test| operands_of(test.test));
    let asked: Vec<Cow<'_, Operand>> = asked.map(|operand| operand.with_values(&fixed)).collect();
    let operands = || asked.iter().map(|operand| &**operand);
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
