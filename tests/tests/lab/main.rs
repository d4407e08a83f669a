//! What crosses functions, shown in a local AWS account by ordinary API calls. Each test has an account of its own.
//!
//! AWS itself is never contacted: what the account is and what it is not stands in `tests/lab/README.md`.
//!
//! The rows of the decision table, and what shows each:
//!
//! | the role | outcome | test |
//! |---|---|---|
//! | not found | – | `bad_input::a_role_that_is_gone_…` |
//! | not assumable by Lambda | – | `left_alone::a_role_that_lambda_cannot_assume_…` |
//! | AWS's path; one of Ringfence's own | –; `reported` | `decision_table::roles_that_aws_manages_…` |
//! | protected | `reported` | `left_alone::a_protected_role_…` |
//! | exempt | `exempt` | `left_alone::an_exempt_role_…` |
//! | had ours: see below | `restored` | |
//! | ours or approved, edited | `boundary-edited` | `policy::our_boundary_…`, `an_edited_approved_…`, `other_boundaries::an_approved_boundary_that_was_edited_unseen_…` |
//! | ours, HIGH or MEDIUM with it | `reported` | `decision_table::what_stays_possible_…` |
//! | ours, worse without it | `contained` | `containment::a_bare_role_…` |
//! | ours, otherwise | compliant | `containment::a_bare_role_…` |
//! | another one within ours; that caps nothing; incomparable | `kept`; `replaced`; `reported` | `other_boundaries::a_teams_boundary_…` |
//! | another one that is wider | `reported`, `replaced` | `decision_table::a_boundary_wider_than_ours_…` |
//! | another one whose policy is gone | `reported` | `decision_table::a_boundary_whose_policy_is_gone_…` |
//! | shared trust | `reported` | `left_alone::an_old_role_that_others_may_assume_…` |
//! | no boundary, new | `bounded` | `containment::*` |
//! | no boundary, existing | `bounded`, `would-bound` | `containment::an_existing_role_…` |
//! | no boundary, existing, the change budget used up | waits, `notice` | `over_time::a_role_in_use_waits_…` |
//! | nothing is left of what was told | `resolved` | `over_time::a_role_that_comes_into_order_…` |
//! | observe mode, the kill switch | `would-…` | `observe::*`, `decision_table::observe_mode_…`, `kill_switch::*` |
//! | what no event told | by the rows above | `sweep::what_no_event_told_…` |
//! | AWS refuses | `failed` | `decision_table::an_explicit_deny_…`, `bad_input::without_the_boundarys_policy_…` |
//!
//! Forms of tampering, each `restored`:
//!
//! | form | test |
//! |---|---|
//! | deleted | `containment::a_deleted_boundary_…`, `over_time::where_concurrency_is_reserved_…` |
//! | deleted by somebody again and again | `over_time::a_boundary_taken_away_…` |
//! | swapped for AdministratorAccess, for an incomparable one, for one that is then deleted | `other_boundaries::whatever_takes_the_place_…` |
//! | trust widened first, then deleted | `other_boundaries::whatever_takes_the_place_…` |
//! | swapped for one whose policy is then deleted | `decision_table::a_boundary_whose_policy_is_gone_…` |

mod alarms;
mod analyzer;
mod bad_input;
mod central;
mod containment;
mod costs;
mod crashes;
mod decision_table;
mod denials;
mod exposure;
mod forwarder;
mod kill_switch;
mod left_alone;
mod notices;
mod observe;
mod other_boundaries;
mod other_tools;
mod over_time;
mod own_writes;
mod owner;
mod package;
mod policy;
mod powerless;
mod profile_change;
mod quiet;
mod recent_use;
mod removal;
mod replay;
mod runbook;
mod security_hub;
mod self_tamper;
mod subscribers;
mod suggestions;
mod sweep;
mod undo;
