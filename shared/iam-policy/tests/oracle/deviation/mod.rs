//! What the oracle is known to get wrong.
//!
//! Each deviation has a reading: the case changed so that the guide's rules, applied to it, give what the oracle makes
//! of the original. A disagreement is excused only if the readings of some deviations, one after the other, lead
//! `evaluate` to the very verdict of the oracle.

mod condition;
mod policy;
mod resource;

use serde_json::Value;

macro_rules! deviations {
    ($($(#[$doc:meta])* $name:ident: $reading:path;)*) => {
        /// A rule of the guide that the oracle does not follow. Each says what the guide says.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Deviation {
            $($(#[$doc])* $name,)*
        }

        impl Deviation {
            const ALL: &[Self] = &[$(Self::$name,)*];

            /// The case as the oracle reads it, where it has what the deviation is about.
            fn reading(self, case: &Value) -> Option<Value> {
                match self {
                    $(Self::$name => $reading(case),)*
                }
            }
        }
    };
}

// In the order in which the readings are taken: a later one sees what an earlier one changed.
deviations! {
    /// Variables are known in version 2012-10-17 only; the oracle replaces them in any.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>
    VariableInOldVersion: policy::variable_in_old_version;
    /// NotPrincipal excepts the principals that it lists, and everybody else in the account is denied; the oracle takes the
    /// account for all who are in it.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
    NotPrincipalAccount: policy::not_principal_account;
    /// A role is named by its ARN, the path in it included; the oracle takes a role of the same name under another path for
    /// that of the session.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
    RoleUnderAnotherPath: policy::role_under_another_path;
    /// The policy of an endpoint is about the principals that it names; the oracle does not look at them.
    /// <https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html>
    PrincipalOfEndpoint: policy::principal_of_endpoint;
    /// Policies of the organization do not bind service-linked roles; in the oracle they do.
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
    ServiceLinkedRole: policy::service_linked_role;
    /// What a resource grants to the session itself is not limited by the session policy; in the oracle it is.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session>
    SessionPolicyOverGrant: policy::session_policy_over_grant;
    /// NotResource excepts what its patterns match; in the oracle a statement with a pattern of fewer than six parts never
    /// applies.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html>
    ShortPatternInNotResource: resource::short_pattern_in_not_resource;
    /// A `*` that ends its part goes past colons, in whatever policy; in the oracle a pattern of fewer than six parts
    /// matches nothing in a resource control policy, nor in a service control policy unless it ends with a star.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
    ShortPatternInOrganization: resource::short_pattern_in_organization;
    /// A variable may stand anywhere after the fifth colon; the oracle takes what comes before the first colon or slash for
    /// a type of resource, also where that is inside a variable.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
    VariableForType: resource::variable_for_type;
    /// A key with an empty value has a value; to the oracle it is missing.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value>
    EmptyValueInResource: resource::empty_value;
    /// A `*` that ends its part goes past colons; in the oracle it stays, and patterns of fewer than six parts get stars for
    /// the rest.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
    StarAtEndOfPart: resource::star_at_end_of_part;
    /// A variable in an ARN is one piece; the oracle cuts it at its colon.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
    VariableCutInArn: condition::variable_cut_in_arn;
    /// As for resources.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value>
    EmptyValueInCondition: condition::empty_value;
    /// A variable without a value matches nothing, so that a negated operator holds; in the oracle it fails.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value>
    NegatedWithoutValue: condition::negated_without_value;
    /// `${*}` is a star wherever variables are allowed; under the operators without wildcards the oracle takes it for four
    /// characters.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars>
    EscapeUnderEquals: condition::escape_under_equals;
    /// A negated operator holds where nothing listed matches; in the oracle it fails if something listed is not of its type.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>
    NegatedUnreadable: condition::negated_unreadable;
    /// Dates may be written in ISO 8601 or in seconds since 1970; the oracle holds milliseconds of the one against seconds of
    /// the other.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Date>
    MixedDates: condition::mixed_dates;
    /// `0.0.0.0/0` is every address of version 4; in the oracle it is 0.0.0.0.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_IPAddress>
    EveryAddress: condition::every_address;
    /// An address of one version is outside every range of the other; under NotIpAddress the oracle says so of ranges, not of
    /// single addresses.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_IPAddress>
    AddressOfOtherVersion: condition::address_of_other_version;
    /// To a set operator an empty text is the same as a missing key; the oracle compares it.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
    EmptyTextAsSet: condition::empty_text_as_set;
}

/// The fewest deviations that lead from the case to a verdict for which `is_oracles` is true.
pub(crate) fn explain(case: &Value, is_oracles: impl Fn(&Value) -> bool) -> Option<Vec<Deviation>> {
    // A deviation may be about what an earlier one brought up.
    let everything = Deviation::ALL.iter().fold(
        (case.clone(), Vec::new()),
        |(case, mut about), deviation| match deviation.reading(&case) {
            Some(reading) => {
                about.push(*deviation);
                (reading, about)
            }
            None => (case, about),
        },
    );
    let possible = everything.1;
    let mut subsets: Vec<u32> = (1..1 << possible.len()).collect();
    subsets.sort_by_key(|subset| subset.count_ones());
    subsets.into_iter().find_map(|subset| {
        let chosen: Vec<Deviation> = (0..possible.len())
            .filter(|place| subset >> place & 1 == 1)
            .map(|place| possible[place])
            .collect();
        let mut read = case.clone();
        for deviation in &chosen {
            read = deviation.reading(&read)?;
        }
        is_oracles(&read).then_some(chosen)
    })
}
