"""The workflow that `campaign init --ci github` writes: what is reviewed is sent, once, and nobody else is asked."""

from __future__ import annotations

import pytest


@pytest.fixture
def shop(open_shop):
    """A repository with what `init --ci github` wrote, set up as its head says, and a list of 30 people outside git."""
    return open_shop("github")


def comments(shop) -> list[str]:
    return [each["body"] for each in shop.load("comments")]


def results(jobs) -> dict[str, str]:
    return {name: job.result for name, job in jobs.items()}


def test_a_pull_request_is_validated_planned_and_told_in_one_comment(shop, serve):
    sandbox = serve()
    jobs = shop.run("pull_request")
    assert results(jobs) == {
        "validate": "success",
        "plan": "success",
        **dict.fromkeys(("unfinished", "apply", "apply-approved"), "skipped"),
    }, jobs["plan"].log
    (comment,) = comments(shop)
    assert "<!-- campaign-runner:plan -->" in comment
    assert "30" in comment
    assert comment in jobs["plan"].summary
    (artifact,) = shop.load("artifacts")
    assert artifact["name"].startswith("campaign-plan-")
    files = shop.folder / "artifacts" / str(artifact["id"])
    assert sorted(path.name for path in files.iterdir()) == ["campaign.plan", "plan.html"]
    assert not any("VOICEPARTNER_API_KEY" in given for given in jobs["plan"].given.values())
    shop.run("pull_request")
    assert len(comments(shop)) == 1
    assert sandbox.count().requests == 0


@pytest.mark.slow
def test_a_problem_stands_beside_its_line_and_nothing_is_planned(shop):
    shop.commit({"campaigns/bad.yaml": "nmae: x\n"})
    jobs = shop.run("pull_request")
    assert "::error file=campaigns/bad.yaml,line=1,col=1," in jobs["validate"].log
    assert (jobs["validate"].result, jobs["plan"].result) == ("failure", "skipped")


def test_from_a_fork_files_are_validated_and_nothing_else_happens(shop):
    jobs = shop.run("pull_request", fork=True)
    assert (jobs["validate"].result, jobs["plan"].result) == ("success", "skipped")
    assert (shop.load("comments"), shop.load("artifacts")) == ([], [])


@pytest.mark.slow
def test_a_blocked_campaign_is_shown_and_makes_the_pull_request_red(shop):
    shop.commit(
        {"campaigns/dear.yaml": (shop.repository / "campaigns/example.yaml").read_text() + "guards: {max_cost: 1}\n"}
    )
    jobs = shop.run("pull_request")
    assert jobs["plan"].result == "failure"
    assert "max_cost" in comments(shop)[0]


@pytest.mark.slow
def test_what_was_reviewed_is_sent_when_it_is_merged_however_it_is_merged(shop, serve, enlist):
    sandbox = serve()
    shop.run("pull_request")
    # As a squash does: the same files in another commit. Somebody joined the list meanwhile, whom nobody reviewed.
    shop.commit({})
    enlist(range(40))
    jobs = shop.run("push")
    assert (jobs["apply"].result, jobs["apply-approved"].result) == ("success", "skipped"), jobs["apply"].log
    assert (sandbox.count().people, sandbox.count().twice) == (30, 0)
    assert shop.run("push")["apply"].result == "success"
    assert sandbox.count().people == 30


@pytest.mark.slow
def test_a_project_in_a_folder_of_the_repository_is_planned_and_sent_from_there(open_shop, serve):
    sandbox = serve()
    shop = open_shop("github", "mail/été 2027")
    shop.commit({"mail/été 2027/campaigns/bad.yaml": "nmae: x\n"})
    told = shop.run("pull_request")["validate"].log
    assert "::error file=mail/été 2027/campaigns/bad.yaml,line=1," in told
    (shop.repository / "mail/été 2027/campaigns/bad.yaml").unlink()
    shop.commit({})
    assert shop.run("pull_request")["plan"].result == "success"
    assert shop.run("push", edit=stop_early)["apply"].result == "success"
    assert shop.run("schedule")["apply"].result == "success"
    assert (sandbox.count().people, sandbox.count().twice) == (30, 0)


@pytest.mark.slow
def test_what_nobody_reviewed_is_planned_anew_and_waits_for_an_approval(shop, serve):
    sandbox = serve()
    jobs = shop.run("push")
    assert (jobs["apply"].result, jobs["apply-approved"].result) == ("success", "waiting"), jobs["apply"].log
    assert "30" in jobs["apply"].summary
    assert sandbox.count().requests == 0
    jobs = shop.run("push", approved=True)
    assert jobs["apply-approved"].result == "success", jobs["apply-approved"].log
    assert sandbox.count().people == 30


@pytest.mark.slow
def test_a_reviewed_plan_that_another_overtook_is_planned_anew_and_waits(shop, serve, enlist):
    sandbox = serve()
    shop.run("pull_request")
    enlist(range(12))
    assert shop.run("workflow_dispatch", approved=True)["apply-approved"].result == "success"
    enlist(range(30))
    jobs = shop.run("push")
    assert "error[plan-overtaken]" in jobs["apply"].log
    assert (jobs["apply"].result, jobs["apply-approved"].result) == ("success", "waiting"), jobs["apply"].log
    assert sandbox.count().people == 12
    assert shop.run("push", approved=True)["apply-approved"].result == "success"
    assert (sandbox.count().people, sandbox.count().twice) == (30, 0)


def stop_early(text: str) -> str:
    return text.replace("--deadline 5h", "--deadline 0s")


@pytest.mark.slow
def test_what_stopped_on_purpose_is_not_red_and_the_scheduled_job_goes_on_with_the_same_plan(shop, serve, enlist):
    sandbox = serve()
    shop.run("pull_request")
    assert results(shop.run("schedule"))["apply"] == "skipped"
    jobs = shop.run("push", edit=stop_early)
    assert jobs["apply"].result == "success", jobs["apply"].log
    assert "the scheduled job goes on" in jobs["apply"].log
    assert sandbox.count().people == 0
    enlist(range(40))
    assert shop.run("schedule", edit=stop_early)["apply"].result == "success"
    assert shop.run("schedule")["apply"].result == "success"
    assert (sandbox.count().people, sandbox.count().twice) == (30, 0)
    # Done, so there is nothing to go on with.
    assert results(shop.run("schedule"))["apply"] == "skipped"


@pytest.mark.slow
def test_an_unknown_chunk_is_red_and_the_command_that_settles_it_is_printed(shop, serve):
    serve(faults=["500@1"])
    shop.run("pull_request")
    jobs = shop.run("push")
    assert jobs["apply"].result == "failure"
    assert "::error title=Unknown::" in jobs["apply"].log
    for text in (jobs["apply"].log, jobs["apply"].summary):
        assert "campaign resolve " in text
        assert "--not-sent" in text


@pytest.mark.slow
def test_a_cancelled_job_records_the_answer_under_way_and_goes_on_later(shop, serve, until):
    sandbox = serve(latency_s=1.0)
    shop.run("pull_request")
    shop.interrupt = lambda: until(lambda: sandbox.count().requests > 0)
    jobs = shop.run("push")
    shop.interrupt = None
    assert jobs["apply"].result == "cancelled"
    assert jobs["apply"].steps["judge"]["outputs"] == {"unfinished": "true"}, jobs["apply"].log
    assert sandbox.count().people == 10
    assert shop.run("schedule")["apply"].result == "success"
    assert (sandbox.count().people, sandbox.count().twice) == (30, 0)


@pytest.mark.slow
def test_no_step_that_installs_or_fetches_is_given_a_secret_and_hosts_are_named_everywhere(shop):
    shop.run("pull_request")
    jobs = shop.run("push", approved=True)
    given = {name: env for job in jobs.values() for name, env in job.given.items()}
    for name, env in given.items():
        assert env["CAMPAIGN_ALLOW_HOSTS"] == "api.voicepartner.fr,127.0.0.1"
        if name in {"Install", "Fetch personal data", "Validate"}:
            assert not {"STATE_URL", "CAMPAIGN_STATE_KEY", "VOICEPARTNER_API_KEY", "GH_TOKEN"} & set(env)
