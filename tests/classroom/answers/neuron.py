"""Answers to the exercises of notebook 01."""


def with_if(v, current, v_th, beta):
    v = beta * v
    v += current
    if v < v_th:
        return 0, v
    return 1, v - v_th


def booleans(v, current, v_th, beta):
    h = beta * v + current
    fired = h >= v_th
    return [fired, h - v_th * fired]


def reset_then_fire(v, current, v_th, beta):
    v = v * beta + current
    if v >= v_th:
        v = v - v_th
    spike = 0
    if v >= v_th:
        spike = 1
    return spike, v


def greater(v, current, v_th, beta):
    h = v * beta + current
    if h > v_th:
        return 1, h - v_th
    return 0, h


def to_zero(v, current, v_th, beta):
    h = v * beta + current
    if h >= v_th:
        return 1, 0
    return 0, h


def fire_first(v, current, v_th, beta):
    if v >= v_th:
        spike, v = 1, v - v_th
    else:
        spike = 0
    return spike, v + current


def everything_leaks(v, current, v_th, beta):
    h = beta * (v + current)
    spike = int(h >= v_th)
    return spike, h - spike * v_th


def loop(current, T, v_init):
    v, spikes = v_init, []
    for _ in range(T):
        v = v + current
        spikes.append(v >= 1)
        if spikes[-1]:
            v = v - 1
    return sum(spikes)


def formula(current, T, v_init):
    return min(max(int((T * current + v_init) // 1), 0), T)


def starts_at_zero(current, T, v_init):
    v = count = 0
    for _ in range(T):
        v += current
        if v >= 1:
            v -= 1
            count += 1
    return count


def off_by_one(current, T, v_init):
    v, count = v_init, 0
    for _ in range(1, T):
        v += current
        if v >= 1:
            v -= 1
            count += 1
    return count


def many_at_once(current, T, v_init):
    v, count = v_init, 0
    for _ in range(T):
        v += current
        while v >= 1:
            v -= 1
            count += 1
    return count


def never_resets(current, T, v_init):
    v, count = v_init, 0
    for _ in range(T):
        v += current
        count += v >= 1
    return count


RIGHT = {"one_step": [with_if, booleans], "spike_count": [loop, formula]}
WRONG = {
    "one_step": [
        (reset_then_fire, "reset happens before the threshold is tested"),
        (greater, "equality included"),
        (to_zero, "sets the potential to zero"),
        (everything_leaks, "leak takes from the current too"),
        (fire_first, "cases are right. For"),
        (lambda v, current, v_th, beta: beta * v + current >= v_th, "one value"),
    ],
    "spike_count": [
        (starts_at_zero, "starts from 0"),
        (off_by_one, "one timestep too early"),
        (many_at_once, "more spikes than there are timesteps"),
        (lambda current, T, v_init: loop(current, T, v_init) / T, "You return the rate"),
        (never_resets, "You never reset"),
    ],
}
