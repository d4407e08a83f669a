//! The rules for the Condition element.

use super::{Findings, Level, Rule, entry};
use crate::condition::{
    Comparison, KeyTest, MULTIVALUED_KEYS, OperatorBlock, Quantifier, Spelling, ValueType,
};
use crate::document::{Effect, Statement};
use crate::parse::JsonPath;

impl Findings {
    pub(super) fn condition(&mut self, statement: &Statement, path: &JsonPath) {
        if statement.condition.as_ref().is_some_and(Vec::is_empty) {
            self.add(Level::Warning, Rule::Empty, path.clone());
        }
        for block in statement.conditions() {
            let path = path.clone().key(block.written());
            self.operator(block, statement.effect(), &path);
            for test in block.tests() {
                self.test(block, test, &path.clone().key(test.key()));
            }
        }
    }

    fn operator(&mut self, block: &OperatorBlock, effect: Effect, path: &JsonPath) {
        let operator = block.operator();
        if operator.spelling() == Spelling::OtherCase {
            self.add(Level::Warning, Rule::OperatorCase(block.written().to_owned()), path.clone());
        }
        if operator.comparison() == Comparison::Null && operator.quantifier().is_some() {
            self.add(Level::Warning, Rule::QuantifiedNull, path.clone());
        }
        if operator.quantifier() == Some(Quantifier::ForAllValues) && effect == Effect::Allow {
            self.add(Level::Warning, Rule::AllValuesAllow, path.clone());
        }
        self.not_empty(block.tests(), path);
    }

    fn test(&mut self, block: &OperatorBlock, test: &KeyTest, path: &JsonPath) {
        let operator = block.operator();
        self.fixed_text(test.key(), path);
        if test.key().is_empty() {
            self.add(Level::Refused, Rule::ConditionKey(String::new()), path.clone());
        } else if !test.key().contains(':') {
            self.add(Level::Error, Rule::ConditionKey(test.key().to_owned()), path.clone());
        }
        let is_null = operator.comparison() == Comparison::Null;
        if operator.quantifier().is_none() && !is_null && MULTIVALUED_KEYS.contains(&test.folded_key()) {
            self.add(Level::Error, Rule::NoQuantifier(test.key().to_owned()), path.clone());
        }
        let value_type = operator.comparison().value_type();
        if value_type == ValueType::Bool && test.values().len() > 1 {
            self.add(Level::Error, Rule::SeveralTruthValues, path.clone());
        }
        for (index, value) in test.values().iter().enumerate() {
            let path = entry(test.values(), path, index);
            let text = value.text();
            match value_type {
                ValueType::Text | ValueType::Arn => self.variable_text(&text, &path),
                ValueType::Number
                | ValueType::Date
                | ValueType::Bool
                | ValueType::Binary
                | ValueType::Address => self.fixed_text(&text, &path),
            }
            if !value.is_readable() {
                self.add(Level::Warning, Rule::ValueType(text), path);
            }
        }
        self.not_empty(test.values(), path);
    }
}
