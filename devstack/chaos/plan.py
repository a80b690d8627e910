"""What a seed decides: the jobs, what they will do, the faults and their order, the failpoints."""

from random import Random

from jobs.failpoints import NAMES

GOOD_KINDS = {
    "database_only": 40,
    "external_call": 18,
    "email": 20,
    "parent": 6,
    "deadlock_once": 5,
    "newer": 5,
    "doubtful": 6,
    "plan": 6,
}
BAD_KINDS = ("always_dies", "always_raises")  # each one in two hundred, and one at least
KILLS = {"kill_child": 10, "kill_worker": 4, "kill_scheduler": 2, "kill_valkey": 2, "kill_postgres": 1}
TROUBLES = {"freeze_child": 2, "freeze_worker": 4, "freeze_valkey": 1, "fulldisk": 2, "flushall": 3}
NETWORK = {"cut_postgres": 2, "cut_valkey": 2, "swallow_postgres": 1, "swallow_valkey": 2, "delay_postgres": 1}
TROUBLES |= {**NETWORK, "delay_valkey": 1}
# What reliably shows that a protection is missing: sleeping past the lease where it is most dangerous, before and in
# the transaction, and a result that PostgreSQL refuses after effects that it accepted
PAUSES = (
    ("external_call", "external", "pause"),
    ("external_call", "start", "pause"),
    ("database_only", "start", "pause"),
)
SPOILT = (("external_call", "finish", "spoil"), ("database_only", "finish", "spoil"))
MOST_ROUNDS = 5
DATABASE_ONLY = ("database_only", "parent")
FREQUENT = {"sweep.found"}  # passed far more often than once a job


def jobs(seed, number):
    """Kind, key and payload of each."""
    dice = Random(f"jobs {seed}")
    bad = [kind for kind in BAD_KINDS for _ in range(max(1, number // 200))]
    good = dice.choices([*GOOD_KINDS], [*GOOD_KINDS.values()], k=number - len(bad))
    kinds = dice.sample(bad + good, number)
    return [(kind, str(n), misbehaviour(dice, kind)) for n, kind in enumerate(kinds)]


def rounds(number):
    """How often pauses are taken before the faults begin."""
    return max(1, min(number // 200, MOST_ROUNDS))


def pauses(turn):
    """The jobs of one round. Three processes sleep, so the fourth is there to take over."""
    return [(kind, f"{action}{turn}{place}", {place: action}) for kind, place, action in SPOILT + PAUSES]


def misbehaviour(dice, kind):
    """Three of a hundred good jobs fail once."""
    if kind in BAD_KINDS or dice.random() > 0.03:
        return {}
    place = "finish" if kind in DATABASE_ONLY else dice.choice(["external", "finish"])
    return {place: dice.choices(["freeze", "kill", "raise"], [1, 2, 3])[0]}


def faults(seed, kills):
    """So many kills and half as many other troubles, mixed."""
    dice = Random(f"faults {seed}")
    chosen = dice.choices([*KILLS], [*KILLS.values()], k=kills)
    chosen += dice.choices([*TROUBLES], [*TROUBLES.values()], k=kills // 2)
    dice.shuffle(chosen)
    return chosen


def failpoints(seed, percent):
    """As TASKHUB_FAILPOINTS: each place with an action, at 0.3 to 1 times that percentage."""
    dice = Random(f"failpoints {seed}")
    armed = {name: (dice.choice(["kill", "raise", "drop"]), dice.uniform(0.3, 1)) for name in sorted(NAMES)}
    rates = {name: percent / 100 * (0.3 if name in FREQUENT else rate) for name, (_, rate) in armed.items()}
    return ",".join(f"{name}={action}:{rates[name]:.4f}" for name, (action, _) in armed.items() if percent)
