//! The conditions of two statements as those of one.

use serde_json::{Map, Value};

use super::meet::{Loss, meet};
use crate::compare::language::{Budget, Exhausted, Language, Step};
use crate::condition::{
    Comparison, KeyTest, Operator, OperatorBlock, Polarity, Presence, Quantifier, Spelling,
};
use crate::document::Statement;
use crate::glob::{Glob, Reach, Wildcards};
use crate::variable::{Variables, present};

/// When the conditions of two statements both hold.
pub(super) enum Both {
    /// Where this Condition element holds.
    When(Map<String, Value>, Loss),
    Never,
    /// There is no such element: JSON has room for one list of values for a key under an operator.
    Lost,
}

pub(super) fn both(left: &Statement, right: &Statement, budget: &mut Budget) -> Result<Both, Exhausted> {
    let mut blocks: Map<String, Value> = Map::new();
    let mut loss = Loss::Nothing;
    for block in left.conditions() {
        let printed = block.tests().iter().map(|test| (test.key().to_owned(), crate::print::values(test)));
        blocks.insert(block.written().to_owned(), printed.collect::<Map<_, _>>().into());
    }
    for block in right.conditions() {
        for test in block.tests() {
            let (values, lost) = match same_key(left, block, test) {
                None => (crate::print::values(test), Loss::Nothing),
                Some(other) => match both_tests(block.operator(), other, test, budget)? {
                    Values::Listed(values, lost) => (values.into(), lost),
                    Values::Never => return Ok(Both::Never),
                    Values::Lost => return Ok(Both::Lost),
                },
            };
            loss = loss.or(lost);
            let place = blocks.entry(block.written()).or_insert_with(|| Map::new().into());
            if let Some(tests) = place.as_object_mut() {
                let key = tests.keys().find(|key| key.eq_ignore_ascii_case(test.key())).cloned();
                tests.insert(key.unwrap_or_else(|| test.key().to_owned()), values);
            }
        }
    }
    Ok(Both::When(blocks, loss))
}

/// The test of the same key under the operator as it is written there.
fn same_key<'s>(statement: &'s Statement, block: &OperatorBlock, test: &KeyTest) -> Option<&'s KeyTest> {
    let blocks = statement.conditions().iter().filter(|other| other.written() == block.written());
    blocks.flat_map(OperatorBlock::tests).find(|other| other.folded_key() == test.folded_key())
}

enum Values {
    Listed(Vec<Value>, Loss),
    Never,
    Lost,
}

/// Values of which the operator says what it says of both lists.
fn both_tests(
    operator: Operator,
    left: &KeyTest,
    right: &KeyTest,
    budget: &mut Budget,
) -> Result<Values, Exhausted> {
    let texts = |test: &KeyTest| test.values().iter().map(|value| value.text()).collect::<Vec<_>>();
    let (left_texts, right_texts) = (texts(left), texts(right));
    let listed =
        |texts: Vec<String>, loss| Values::Listed(texts.into_iter().map(Value::from).collect(), loss);
    if left_texts == right_texts {
        return Ok(listed(left_texts, Loss::Nothing));
    }
    if operator.quantifier() == Some(Quantifier::ForAnyValue) {
        // One value may be what the one list asks for, and another value what the other does.
        return Ok(Values::Lost);
    }
    if operator.comparison().polarity() == Polarity::Negated {
        // None of these and none of those: none of all.
        let more: Vec<String> = right_texts.into_iter().filter(|text| !left_texts.contains(text)).collect();
        return Ok(listed([left_texts, more].concat(), Loss::Nothing));
    }
    let has_patterns = operator.comparison() == Comparison::StringLike;
    let mut found: Vec<String> = Vec::new();
    let is_text = has_patterns || operator.comparison() == Comparison::StringEquals;
    let mut loss = if is_text { Loss::Nothing } else { Loss::Something };
    for left in &left_texts {
        for right in &right_texts {
            let texts = if left == right {
                vec![left.clone()]
            } else if present(left) || present(right) {
                loss = Loss::Something;
                Vec::new()
            } else if has_patterns {
                let anything = Language::from_steps(vec![Step::Run(Reach::Anything)])?;
                let met = meet((left, right), char::eq, &[&anything], text_language, budget)?;
                loss = loss.or(met.loss);
                met.patterns
            } else {
                Vec::new()
            };
            found.extend(texts.into_iter().filter(|text| !found.contains(text)).collect::<Vec<_>>());
        }
    }
    // An operator in other letters may hold or not, for all the guide says.
    let is_settled = operator.spelling() == Spelling::Documented;
    let is_needed =
        is_settled && operator.quantifier().is_none() && operator.presence() == Presence::Required;
    Ok(match (found.is_empty(), loss) {
        (false, loss) => listed(found, loss),
        (true, Loss::Nothing) if is_needed => Values::Never,
        (true, _) => Values::Lost,
    })
}

fn text_language(text: &str) -> Result<Language, Exhausted> {
    Language::new(&Glob::text(text, Wildcards::Active, Variables::Literal), Language::any_text)
}
