//! `iam:SimulatePrincipalPolicy`: IAM's own verdicts about a role, beside ours.

use super::ReadOnlyAccount;
use crate::connect::Account;
use crate::failure::{Failure, FailureClass};
use aws_sdk_iam::types::EvaluationResult;
use guardrail::names::{RoleArn, RoleName};
use guardrail::simulation::{Comparison, Organization, SimulatedCall, SimulatorAnswer, compare, questions};
use iam_policy::Verdict;
use std::time::Duration;

/// How many actions are asked about in one call.
const AT_ONCE: usize = 50;
/// Between two calls: the simulator is throttled early.
const PAUSE: Duration = Duration::from_millis(250);
/// Before a call that was throttled is made again, beyond the retries of the SDK.
const PATIENCE: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(10)];

/// What came of asking both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulation {
    /// The role.
    pub role: RoleArn,
    /// Each answer of IAM, with how it lies to ours.
    pub compared: Vec<(SimulatorAnswer, Comparison)>,
    /// The calls that IAM gave no verdict on.
    pub unanswered: Vec<Unanswered>,
    /// How many calls were not asked about, because there would be too many.
    pub left_out: usize,
}

/// A call that IAM gave no verdict on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    /// The call.
    pub call: SimulatedCall,
    /// Why.
    pub why: String,
}

impl ReadOnlyAccount {
    /// Asks IAM's simulator and our engine the same about a role. `progress` is told how many calls of how many are done.
    ///
    /// # Errors
    /// Where there is no such role, one of its policies is not understood, or AWS does not answer, refuses or makes no sense.
    pub async fn simulate(
        &self,
        role: &RoleName,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<Simulation, Failure> {
        let not_there = || Failure::refused(format!("there is no role `{}` in this account", role.as_str()));
        let snapshot = self.account.snapshot(role).await?.ok_or_else(not_there)?;
        let doubt = |what: Vec<String>| {
            Failure::malformed(
                "the role cannot be compared: not all of its policies are understood",
                what.join("; "),
            )
        };
        let asked = questions(&snapshot).map_err(doubt)?;
        let arn = snapshot.role.arn.clone();
        let (mut compared, mut unanswered) = (Vec::new(), Vec::new());
        let mut batches: Vec<&[SimulatedCall]> = asked
            .calls
            .chunk_by(|one, next| one.resource == next.resource)
            .flat_map(|calls| calls.chunks(AT_ONCE))
            .rev()
            .collect();
        while let Some(calls) = batches.pop() {
            match self.account.simulate_patiently(&arn, calls).await {
                Ok(answers) => {
                    let told = |call: &&SimulatedCall| answers.iter().any(|answer| answer.call == **call);
                    let untold = calls.iter().filter(|call| !told(call));
                    unanswered.extend(
                        untold
                            .map(|call| Unanswered { call: call.clone(), why: "no verdict came".to_owned() }),
                    );
                    for answer in answers {
                        let comparison = compare(&snapshot, &answer).map_err(doubt)?;
                        compared.push((answer, comparison));
                    }
                }
                // One call that the simulator does not take spoils the batch: the others are asked again without it.
                Err(failure) if failure.class() == FailureClass::Malformed => match calls {
                    [call] => unanswered.push(Unanswered { call: call.clone(), why: failure.to_string() }),
                    _ => {
                        let (first, second) = calls.split_at(calls.len() / 2);
                        batches.extend([second, first]);
                    }
                },
                Err(failure) => return Err(failure),
            }
            progress(compared.len() + unanswered.len(), asked.calls.len());
            tokio::time::sleep(PAUSE).await;
        }
        Ok(Simulation { role: arn, compared, unanswered, left_out: asked.left_out })
    }
}

impl Account {
    async fn simulate_patiently(
        &self,
        role: &RoleArn,
        calls: &[SimulatedCall],
    ) -> Result<Vec<SimulatorAnswer>, Failure> {
        for pause in PATIENCE {
            match self.simulate_once(role, calls).await {
                Err(failure) if failure.class() == FailureClass::Retryable => tokio::time::sleep(pause).await,
                answered => return answered,
            }
        }
        self.simulate_once(role, calls).await
    }

    /// All calls are on one resource.
    async fn simulate_once(
        &self,
        role: &RoleArn,
        calls: &[SimulatedCall],
    ) -> Result<Vec<SimulatorAnswer>, Failure> {
        let mut request = self.iam.simulate_principal_policy().policy_source_arn(role.as_str());
        for call in calls {
            request = request.action_names(call.action.as_str());
        }
        if let Some(call) = calls.first() {
            request = request.resource_arns(&call.resource);
        }
        let mut results = request.into_paginator().items().send();
        let mut answers = Vec::new();
        while let Some(result) = results.next().await {
            let result =
                result.map_err(|e| Failure::of_call("could not have IAM simulate the role's policies", e))?;
            let name = result.eval_action_name();
            let Some(call) = calls.iter().find(|call| call.action.as_str().eq_ignore_ascii_case(name)) else {
                return Err(Failure::malformed("IAM simulated what it was not asked", name.to_owned()));
            };
            answers.push(answer(call.clone(), &result)?);
        }
        Ok(answers)
    }
}

fn answer(call: SimulatedCall, result: &EvaluationResult) -> Result<SimulatorAnswer, Failure> {
    let verdict = match result.eval_decision().as_str() {
        "allowed" => Verdict::Allowed,
        "explicitDeny" => Verdict::ExplicitlyDenied,
        "implicitDeny" => Verdict::ImplicitlyDenied,
        other => return Err(Failure::malformed("IAM's verdict makes no sense", other.to_owned())),
    };
    // With resources named, the keys stand beside each of them.
    let of_resources =
        result.resource_specific_results().iter().flat_map(|of_one| of_one.missing_context_values());
    let mut missing_keys: Vec<String> =
        result.missing_context_values().iter().chain(of_resources).cloned().collect();
    missing_keys.sort_unstable();
    missing_keys.dedup();
    let refused =
        result.organizations_decision_detail().is_some_and(|detail| !detail.allowed_by_organizations());
    let organization = if refused { Organization::Refuses } else { Organization::Allows };
    let matched = result.matched_statements().iter().filter_map(|s| s.source_policy_id().map(str::to_owned));
    Ok(SimulatorAnswer { call, verdict, missing_keys, organization, matched: matched.collect() })
}

#[cfg(test)]
mod tests;
