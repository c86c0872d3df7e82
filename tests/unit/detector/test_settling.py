from secure_signal.services.detector.settling import Settling


def test_what_was_read_half_a_second_ago_has_settled_where_it_was_belated() -> None:
    settling = Settling()
    assert settling.after({0: 3}, is_belated=True, now=0.0) == {}
    assert settling.after({0: 5}, is_belated=True, now=0.3) == {}
    assert settling.after({0: 9}, is_belated=False, now=0.5) == {0: 3}
    assert settling.after({0: 9}, is_belated=False, now=0.9) == {0: 5}
    assert settling.after({0: 9}, is_belated=False, now=1.4) == {}


def test_what_others_may_have_sent_before_is_told_of_each_second_while_something_is_read() -> None:
    settling = Settling()
    assert settling.after({}, is_belated=False, now=0.0) == {}
    assert settling.after({0: 3}, is_belated=False, now=1.0) == {}
    assert settling.after({0: 4}, is_belated=False, now=1.6) == {0: 3}
    assert settling.after({0: 5}, is_belated=False, now=2.0) == {}
    assert settling.after({0: 5}, is_belated=False, now=2.6) == {0: 5}
    assert settling.after({0: 5}, is_belated=False, now=9.0) == {}
