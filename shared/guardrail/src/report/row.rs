use super::last_accessed::LastAccessedRow;
use super::texts::{Text, Texts};
use crate::assess::{Approval, Assessment, Breach, Evidence};
use crate::check_id::CheckId;
use crate::exemption::Exemption;
use crate::finding::{FindingId, Outcome, owner_in};
use crate::last_accessed::LastAccessed;
use crate::names::{FunctionArn, PolicyArn, RoleArn, RoleId};
use crate::record::RoleRecord;
use crate::severity::Severity;
use crate::snapshot::{Boundary, Document, RoleSnapshot};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// More functions of a role are counted, not named.
pub const MOST_FUNCTIONS: usize = 5;

/// More places of a breach are counted, not shown.
pub const MOST_EVIDENCE: usize = 3;

/// What the report says of one execution role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleRow {
    /// The role.
    pub role: RoleArn,
    /// Its unique id: a namesake that is made later is another role.
    pub id: RoleId,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used; none if never, or over 400 days ago.
    pub last_used: Option<Timestamp>,
    /// The value of the first tag of `OwnerTagKeys` that the role carries.
    pub owner: Option<String>,
    /// The worst of what it can do now; none where nothing was found.
    pub now: Option<Severity>,
    /// The worst of what it could do without its boundary.
    pub without_boundary: Option<Severity>,
    /// Its boundary.
    pub boundary: Option<PolicyArn>,
    /// What that boundary counts for.
    pub standing: BoundaryStanding,
    /// What was found, worst first.
    pub breaches: Vec<BreachRow>,
    /// What could not be understood, and where.
    pub doubts: Vec<String>,
    /// How many functions have it.
    pub functions: usize,
    /// The first of them, at most [`MOST_FUNCTIONS`].
    pub function_names: Vec<FunctionArn>,
    /// Who answers for it, if somebody does.
    pub exemption: Option<ExemptionRow>,
    /// What was told of it last.
    pub told: Option<ToldRow>,
    /// What is different from the report before. Filled in when the report is put together.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// Services that its policies allow and that it did not use for 90 days, the longest unused first, at most
    /// [`super::MOST_SERVICES`]; none where IAM's report is not known.
    #[serde(default)]
    pub unused_services: Option<Vec<Text>>,
    /// Calls that its boundary denied, as far as CloudTrail delivered them; none where nobody counted. Data events are never among
    /// them.
    #[serde(default)]
    pub denials: Option<u64>,
    /// What IAM reported of its use.
    #[serde(default)]
    pub last_accessed: LastAccessedRow,
}

/// What a role's boundary counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BoundaryStanding {
    /// The role has none.
    Absent,
    /// Its policy is gone: the role may do nothing at all.
    Dangling,
    /// Neither Ringfence's nor approved.
    Unapproved,
    /// Approved beside Ringfence's.
    Approved,
    /// Ringfence's.
    Ours,
}

/// One thing that a role can do, or could do without its boundary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreachRow {
    /// Which check.
    pub check: CheckId,
    /// What it weighs as the role is now; none where the boundary closes it.
    pub now: Option<Severity>,
    /// What it would weigh without the boundary; none for a check about the boundary itself.
    pub without_boundary: Option<Severity>,
    /// What the role can do.
    pub summary: Text,
    /// Where that stands, the first [`MOST_EVIDENCE`] places; none for `shared-role`, whose places are the functions of the row.
    pub evidence: Vec<EvidenceRow>,
    /// How many more places there are.
    pub more_evidence: usize,
    /// What to do about it.
    pub remedy: Text,
}

/// Where a breach stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceRow {
    /// The policy's ARN, `inline:NAME`, `trust` or `boundary`.
    pub policy: Text,
    /// The statement's Sid, or its index.
    pub statement: Text,
    /// The deciding words.
    pub detail: Text,
}

/// An exemption that covers a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExemptionRow {
    /// When it ends.
    pub until: Timestamp,
    /// Who answers for the role.
    pub owner: String,
    /// Why.
    pub reason: String,
}

/// The last finding about a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldRow {
    /// Its id.
    pub finding: FindingId,
    /// What it told.
    pub outcome: Outcome,
    /// Its severity.
    pub severity: Severity,
}

/// What is different from the report before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It was not in the report before, or another role was under its name.
    New,
    /// It can do worse now than then.
    Worse,
    /// It can do less now than then.
    Better,
    /// It got a boundary that counts.
    Bounded,
    /// The boundary that counted is gone, or another one is there.
    BoundaryLost,
}

/// What a row is made from.
#[derive(Debug, Clone, Copy)]
pub struct AboutRow<'a> {
    /// The role as it was read.
    pub snapshot: &'a RoleSnapshot,
    /// The verdict over it, with all functions that have it.
    pub assessment: &'a Assessment,
    /// Whose its boundary is.
    pub approval: Approval,
    /// What the ledger knows of it.
    pub record: &'a RoleRecord,
    /// The exemption that covers it.
    pub exemption: Option<&'a Exemption>,
    /// The parameter `OwnerTagKeys`.
    pub owner_tag_keys: &'a [String],
    /// What IAM reported of its use.
    pub last_accessed: Option<&'a LastAccessed>,
    /// The time of the sweep.
    pub now: Timestamp,
}

impl AboutRow<'_> {
    /// The row. `functions` are those that have the role, `texts` those of the rows before.
    pub fn row<'f>(
        self,
        functions: impl ExactSizeIterator<Item = &'f FunctionArn>,
        texts: &mut Texts,
    ) -> RoleRow {
        let Self { snapshot, assessment, approval, record, exemption, owner_tag_keys, last_accessed, now } =
            self;
        let role = &snapshot.role;
        let last_accessed = LastAccessedRow::of(snapshot, last_accessed, now, texts);
        RoleRow {
            role: role.arn.clone(),
            id: role.id.clone(),
            created: role.created,
            last_used: role.last_used,
            owner: owner_in(&role.tags, owner_tag_keys).map(str::to_owned),
            now: assessment.severity_now(),
            without_boundary: assessment.severity_without_boundary(),
            boundary: role.boundary.clone(),
            standing: BoundaryStanding::of(&snapshot.boundary, approval),
            breaches: assessment.breaches().iter().map(|breach| BreachRow::of(breach, texts)).collect(),
            doubts: assessment.doubts().to_vec(),
            functions: functions.len(),
            function_names: functions.take(MOST_FUNCTIONS).cloned().collect(),
            exemption: exemption.map(ExemptionRow::of),
            told: record.told.as_ref().map(|told| ToldRow {
                finding: told.finding.clone(),
                outcome: told.outcome,
                severity: told.severity,
            }),
            changes: Vec::new(),
            unused_services: last_accessed.unused_services(),
            denials: None,
            last_accessed,
        }
    }
}

impl RoleRow {
    /// A row that was read back, with its texts shared with the others again.
    #[must_use]
    pub fn sharing(mut self, texts: &mut Texts) -> Self {
        self.breaches.iter_mut().for_each(|breach| breach.share(texts));
        self.last_accessed.share(texts);
        self.unused_services = self.last_accessed.unused_services();
        self
    }

    /// What is possible now, worst first.
    pub fn possible_now(&self) -> impl Iterator<Item = &BreachRow> {
        self.breaches.iter().filter(|breach| breach.now.is_some())
    }

    /// What only the boundary prevents, worst first.
    pub fn held_back(&self) -> impl Iterator<Item = &BreachRow> {
        self.breaches.iter().filter(|breach| breach.now.is_none())
    }

    /// Whether it can do something now that somebody should look at today.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        self.now >= Some(Severity::High)
    }
}

impl BoundaryStanding {
    /// Of a boundary as it was read.
    #[must_use]
    pub fn of(boundary: &Boundary, approval: Approval) -> Self {
        match (boundary, approval) {
            (Boundary::Absent, _) => Self::Absent,
            (Boundary::Attached { document: Document::Gone, .. }, _) => Self::Dangling,
            (Boundary::Attached { .. }, Approval::Ours) => Self::Ours,
            (Boundary::Attached { .. }, Approval::Approved) => Self::Approved,
            (Boundary::Attached { .. }, Approval::Unapproved | Approval::NotJudged) => Self::Unapproved,
        }
    }

    /// Whether it is one that Ringfence accepts.
    #[must_use]
    pub fn counts(self) -> bool {
        matches!(self, Self::Ours | Self::Approved)
    }

    /// For people.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Absent => "none",
            Self::Dangling => "its policy is gone",
            Self::Unapproved => "not approved",
            Self::Approved => "approved",
            Self::Ours => "Ringfence's",
        }
    }
}

impl BreachRow {
    fn of(breach: &Breach, texts: &mut Texts) -> Self {
        let evidence = if breach.check == CheckId::SharedRole { &[] } else { breach.evidence.as_slice() };
        Self {
            check: breach.check,
            now: breach.now,
            without_boundary: breach.without_boundary,
            summary: texts.shared(&breach.summary),
            evidence: evidence.iter().take(MOST_EVIDENCE).map(|at| EvidenceRow::of(at, texts)).collect(),
            more_evidence: evidence.len().saturating_sub(MOST_EVIDENCE),
            remedy: texts.shared(&breach.remedy),
        }
    }

    fn share(&mut self, texts: &mut Texts) {
        self.summary = texts.shared(self.summary.as_str());
        self.remedy = texts.shared(self.remedy.as_str());
        for EvidenceRow { policy, statement, detail } in &mut self.evidence {
            for text in [policy, statement, detail] {
                *text = texts.shared(text.as_str());
            }
        }
    }

    /// What it weighs now or, where the boundary closes it, would weigh without.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        self.now.or(self.without_boundary)
    }
}

impl EvidenceRow {
    fn of(evidence: &Evidence, texts: &mut Texts) -> Self {
        let Evidence { policy, statement, detail } = evidence;
        Self {
            policy: texts.shared(policy),
            statement: texts.shared(statement),
            detail: texts.shared(detail),
        }
    }
}

impl ExemptionRow {
    fn of(exemption: &Exemption) -> Self {
        Self {
            until: exemption.expires_at(),
            owner: exemption.owner().to_owned(),
            reason: exemption.reason().to_owned(),
        }
    }
}

impl Change {
    /// All of them, in the order of the report.
    pub const ALL: [Self; 5] = [Self::New, Self::Worse, Self::Better, Self::Bounded, Self::BoundaryLost];

    /// For people.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Worse => "worse",
            Self::Better => "better",
            Self::Bounded => "newly bounded",
            Self::BoundaryLost => "boundary lost",
        }
    }
}
