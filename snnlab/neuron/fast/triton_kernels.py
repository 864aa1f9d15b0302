"""The neuron on a GPU, as Triton programs: what `fused` launches.

Each program owns `BLOCK` neurons. The scan keeps their potentials in registers over all T
timesteps, so a current is read once and a spike is written once, in one launch.

Addresses: element i of timestep t lies `t` strides behind i, where i counts through the memory
of one timestep, whatever its layout. FAMILY and SHAPE are the `on_gpu` of a family or density;
another name does not compile. Random numbers are Philox (Salmon et al. 2011): a function
of the seed, the timestep and i, so a run repeats whatever the number of programs.
"""

# mypy: ignore-errors
# Triton reads these functions itself: their arguments have no types, and Triton may be absent.

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def share_below(z, table, intervals):
    """Share of empirical noise below z; `table` holds `intervals` + 1 rising quantiles."""
    total = z * 0
    for k in range(intervals):
        low = tl.load(table + k)
        high = tl.load(table + k + 1)
        inside = (z - low) / tl.where(high > low, high - low, 1.0)
        step = tl.where(z >= low, 1.0, 0.0)
        total += tl.where(high > low, tl.minimum(tl.maximum(inside, 0.0), 1.0), step)
    return total / intervals


@triton.jit
def probability(z, table, intervals, FAMILY: tl.constexpr):
    """F(z), see `noise`; of empirical noise with a mirrored table."""
    if FAMILY == "gaussian":
        p = 0.5 + 0.5 * tl.math.erf(z * 0.7071067811865476)
    elif FAMILY == "uniform":
        p = 0.5 + z * 0.2886751345948129
    elif FAMILY == "logistic":
        p = tl.sigmoid(z * 1.8137993642342178)
    else:
        tl.static_assert(FAMILY == "empirical", "unknown noise family")
        p = share_below(z, table, intervals)
    return p


@triton.jit
def standard_noise(seed, place, table, intervals, FAMILY: tl.constexpr):
    """Noise with mean 0 and standard deviation 1; `place` is the index of the draw, an int64."""
    bits, other, _, _ = tl.randint4x(seed, place)
    u = tl.minimum(tl.maximum(even(bits), 1e-7), 1 - 1e-7)
    if FAMILY == "gaussian":
        z = tl.sqrt(-2 * tl.log(u)) * tl.cos(6.283185307179586 * even(other))
    elif FAMILY == "uniform":
        z = 1.7320508075688772 * (2 * u - 1)
    elif FAMILY == "logistic":
        z = tl.log(u / (1 - u)) * 0.5513288954217921
    else:
        tl.static_assert(FAMILY == "empirical", "unknown noise family")
        spot = u * intervals
        lower = tl.minimum(spot.to(tl.int32), intervals - 1)
        low = tl.load(table + lower)
        z = low + (spot - lower) * (tl.load(table + lower + 1) - low)
    return z


@triton.jit
def even(bits):
    """A random float32 in [0, 1) from 32 random bits: their upper 24."""
    return (bits.to(tl.uint32, bitcast=True) >> 8).to(tl.float32) * 5.960464477539063e-08


@triton.jit
def slope(distance, width, table, intervals, SHAPE: tl.constexpr):
    """The surrogate slope, see `surrogate`; `width` and distance in units of the potential."""
    z = distance / width
    if SHAPE == "gaussian":
        density = tl.exp(-0.5 * z * z) * 0.3989422804014327
    elif SHAPE == "uniform":
        density = tl.where(tl.abs(z) <= 1.7320508075688772, 0.2886751345948129, 0.0)
    elif SHAPE == "logistic":
        s = tl.sigmoid(1.8137993642342178 * tl.abs(z))
        density = 1.8137993642342178 * s * (1 - s)
    elif SHAPE == "arctan":
        density = 1 / (1 + 9.869604401089358 * z * z)
    elif SHAPE == "triangle":
        density = tl.maximum(1 - tl.abs(z), 0.0)
    else:
        tl.static_assert(SHAPE == "empirical", "unknown surrogate shape")
        above = share_below(z + 0.25, table, intervals)
        density = 2 * (above - share_below(z - 0.25, table, intervals))
    return density / width


@triton.jit
def noisy_step(
    current, spikes, n, seeds, offset, rate, table, intervals,
    FAMILY: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Spikes of the single step: 1 with probability F((current + offset) * rate).

    Four blocks in one program, as Philox makes four numbers at a time.
    """
    seed = tl.load(seeds)
    lane = tl.arange(0, BLOCK)
    i = tl.program_id(0).to(tl.int64) * 4 * BLOCK + lane
    place = tl.program_id(0).to(tl.int64) * BLOCK + lane
    one, two, three, four = tl.randint4x(seed, place)
    fire_block(current, spikes, i, n, one, offset, rate, table, intervals, FAMILY)
    fire_block(current, spikes, i + BLOCK, n, two, offset, rate, table, intervals, FAMILY)
    fire_block(current, spikes, i + 2 * BLOCK, n, three, offset, rate, table, intervals, FAMILY)
    fire_block(current, spikes, i + 3 * BLOCK, n, four, offset, rate, table, intervals, FAMILY)


@triton.jit
def fire_block(
    current, spikes, i, n, bits, offset, rate, table, intervals, FAMILY: tl.constexpr
):  # fmt: skip
    """A quarter of `noisy_step`: the neurons at the places i."""
    x = tl.load(current + i, mask=i < n, other=0.0).to(tl.float32)
    fired = even(bits) < probability((x + offset) * rate, table, intervals, FAMILY)
    tl.store(spikes + i, tl.where(fired, 1.0, 0.0).to(spikes.dtype.element_ty), mask=i < n)


@triton.jit
def rounding_step(
    current, rates, n, seeds, gain, timesteps, mu, sigma, table, intervals,
    FAMILY: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Rates of target-T noise: clip(floor(gain * current + noise), 0, T) / T, see `rounding`."""
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(current + i, mask=i < n, other=0.0).to(tl.float32)
    u = mu + sigma * standard_noise(tl.load(seeds), i, table, intervals, FAMILY)
    count = tl.minimum(tl.maximum(tl.floor(gain * x + u), 0.0), timesteps)
    tl.store(rates + i, (count / timesteps).to(rates.dtype.element_ty), mask=i < n)


@triton.jit
def weigh(
    grad, current, out, n, offset, width, table, intervals,
    SHAPE: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Gradient times the slope at current + offset: backwards through `noisy_step`."""
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(current + i, mask=i < n, other=0.0).to(tl.float32)
    g = tl.load(grad + i, mask=i < n, other=0.0).to(tl.float32)
    weighted = g * slope(x + offset, width, table, intervals, SHAPE)
    tl.store(out + i, weighted.to(out.dtype.element_ty), mask=i < n)


@triton.jit
def scan_forward(
    currents, start, spikes, potentials, last, n, timesteps, stride, beta, v_th,
    seeds, spread, table, intervals,
    FAMILY: tl.constexpr, SUBTRACT: tl.constexpr, KEEP: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Charge, fire, reset over T timesteps; FAMILY "none": without noise.

    With KEEP the potentials before firing, less the noise of their timestep, are stored.
    """
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    there = i < n
    v = tl.load(start + i, mask=there, other=0.0).to(tl.float32)
    currents, spikes, potentials = currents + i, spikes + i, potentials + i
    place = i
    for _ in range(timesteps):
        h = tl.load(currents, mask=there, other=0.0).to(tl.float32) + beta * v
        if KEEP:
            tl.store(potentials, h, mask=there)
        if FAMILY != "none":
            h += beta * spread * standard_noise(tl.load(seeds), place, table, intervals, FAMILY)
        fired = h >= v_th
        tl.store(spikes, tl.where(fired, 1.0, 0.0).to(spikes.dtype.element_ty), mask=there)
        v = tl.where(fired, h - v_th if SUBTRACT else 0.0, h)
        currents, spikes, potentials, place = (
            currents + stride,
            spikes + n,
            potentials + n,
            place + n,
        )
    tl.store(last + i, v, mask=there)


@triton.jit
def scan_backward(
    grad_spikes, grad_last, potentials, spikes, grad_currents, grad_start, n, timesteps, stride,
    beta, v_th, width, table, intervals,
    SHAPE: tl.constexpr, SUBTRACT: tl.constexpr, OF_SPIKES: tl.constexpr, OF_LAST: tl.constexpr,
    BLOCK: tl.constexpr,
):  # fmt: skip
    """Backwards through `scan_forward`; the reset treats the spikes as constants."""
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    there = i < n
    grad_v = tl.zeros([BLOCK], tl.float32)
    if OF_LAST:
        grad_v = tl.load(grad_last + i, mask=there, other=0.0)
    before = tl.cast(timesteps - 1, tl.int64)
    grad_spikes += before * stride + i
    spikes += before * n + i
    potentials += before * n + i
    grad_currents += before * n + i
    for _ in range(timesteps):
        if not SUBTRACT:
            fired = tl.load(spikes, mask=there, other=0.0) != 0
            grad_v = tl.where(fired, 0.0, grad_v)
        if OF_SPIKES:
            h = tl.load(potentials, mask=there, other=0.0)
            g = tl.load(grad_spikes, mask=there, other=0.0).to(tl.float32)
            grad_v += g * slope(h - v_th, width, table, intervals, SHAPE)
        tl.store(grad_currents, grad_v.to(grad_currents.dtype.element_ty), mask=there)
        grad_v *= beta
        grad_spikes, spikes = grad_spikes - stride, spikes - n
        potentials, grad_currents = potentials - n, grad_currents - n
    tl.store(grad_start + i, grad_v, mask=there)
