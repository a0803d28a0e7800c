//! Nothing happens, and nothing may come of it.

use super::Stage;

pub(super) fn run(stage: &mut Stage) {
    stage.warm_up();
    stage.begin();
    stage.network.run_for(stage.options.duration);
    stage.expect_no_false_deaths();
    let suspicions = stage.network.measures.false_suspicions();
    let lossless = stage.is_lossless();
    stage.expect(!lossless || suspicions == 0, || format!("nobody is suspected ({suspicions} were)"));
}
