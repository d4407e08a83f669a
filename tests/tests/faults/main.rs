//! Whatever goes wrong around Ringfence, each role ends up right and each finding is told: a matrix of faults over a
//! workload of ordinary API calls, in local AWS accounts. It prints a table and fails where a role or a finding is lost.
//!
//! `make test-faults` runs the whole of it, `make test-lab` the short form. The faults are the lab's
//! (`tests/lab/README.md`); AWS itself is never contacted.

mod burst;
mod matrix;
mod table;
mod trial;
mod workload;

use matrix::Row;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;
use table::{Count, Table};
use tests::lab::Lab;

/// Three attempts of thirty seconds each, where every call hangs, and their pauses.
const PATIENCE: Duration = Duration::from_secs(240);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn short_form() {
    run(matrix::short(), 30).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whole_form() {
    run(matrix::whole(), 200).await;
}

/// Every row of the matrix, and a burst of deployments.
async fn run(rows: Vec<Row>, deployments: usize) {
    let trials: VecDeque<(usize, usize)> = rows
        .iter()
        .enumerate()
        .flat_map(|(row, of)| (0..of.trials.len()).map(move |trial| (row, trial)))
        .collect();
    let open = Mutex::new(trials);
    let results: Vec<Mutex<Vec<Count>>> = rows.iter().map(|_| Mutex::default()).collect();
    // Two, as the machines that this runs on have processors.
    let account = async || {
        let mut lab = Lab::start(&[]).await;
        lab.patience = PATIENCE;
        let team = workload::team(&lab).await;
        loop {
            let Some((row, number)) = open.lock().expect("no panic").pop_front() else { return lab };
            let trial = &rows[row].trials[number];
            let result = trial::run(&lab, &team, trial, &format!("r{row}-{number}")).await;
            results[row].lock().expect("no panic").push(result);
        }
    };
    let (lab, other) = tokio::join!(account(), account());
    drop((lab, other));
    // On AWS each execution has a processor of its own; here a few at a time have to do.
    let mut lab = Lab::start(&[("ReservedConcurrency", "8")]).await;
    lab.patience = PATIENCE;
    let burst = burst::run(&lab, deployments).await;

    let mut table = Table::default();
    for (row, results) in rows.iter().zip(&results) {
        let results = std::mem::take(&mut *results.lock().expect("no panic"));
        table.add(&row.fault, &row.swept, results);
    }
    table.add("deployments at once", &deployments.to_string(), vec![burst]);
    println!("\n{table}");
    assert!(table.problems().is_empty(), "{:#?}", table.problems());
}
