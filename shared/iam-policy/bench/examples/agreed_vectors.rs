//! Prints the cases that could stand in `data/vectors.txt`: those that every engine answers rightly.

use iam_policy_bench::engines::{Awsim, IamRs, Ours, answers};
use iam_policy_bench::vectors;

fn main() {
    for vector in vectors::all() {
        if answers::<Ours>(&vector) && answers::<Awsim>(&vector) && answers::<IamRs>(&vector) {
            println!("{}", vector.name);
        }
    }
}
