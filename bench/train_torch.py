#!/usr/bin/env python3
"""The ECON-T autoencoder in PyTorch, trained or run forward for train_bench.

Encoder with fake-quantised weights and latents (straight-through), exact sums; decoder in floats;
telescope loss; Adam. Charges come as raw little-endian int32 [events][48]; everything that is said
goes to stdout as one line of JSON.
"""

import argparse
import json
import math
import time

import numpy
import torch

CELLS = 48
FILTERS = 8
LATENTS = 16


def weight(parameter):
    """s6.5, rounded to nearest. The fused operator is the fastest PyTorch has for it; its derivative
    is 1 within the range and 0 outside."""
    return torch.fake_quantize_per_tensor_affine(parameter, 1 / 32, 0, -32, 31)


def latent(sums):
    """u9.8, floored and saturated: ReLU is in it. The sums have 17 fractional bits, so shifted by
    511/1024 of a step what is rounded to nearest is what floor gives, without ties."""
    return torch.fake_quantize_per_tensor_affine(sums - 511 / 1024 / 256, 1 / 256, 0, 0, 511)


class Autoencoder(torch.nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.conv_kernel = torch.nn.Parameter(torch.rand(FILTERS, 1, 3, 3))
        self.conv_bias = torch.nn.Parameter(torch.zeros(FILTERS))
        # Half of what layers behind ReLU start with: the features are all positive.
        self.dense_kernel = torch.nn.Parameter(self.uniform(LATENTS, 128, 0.5))
        self.dense_bias = torch.nn.Parameter(torch.zeros(LATENTS))
        sizes = [LATENTS] + hidden + [CELLS]
        self.kernels = torch.nn.ParameterList(
            [self.uniform(outs, ins, 1.0) for ins, outs in zip(sizes, sizes[1:])])
        self.biases = torch.nn.ParameterList([torch.zeros(outs) for outs in sizes[1:]])
        with torch.no_grad():
            self.biases[-1].fill_(0.05)

    @staticmethod
    def uniform(outs, ins, gain):
        return (2 * torch.rand(outs, ins) - 1) * gain * math.sqrt(6 / ins)

    def load(self, weights):
        def real(entry):
            return torch.tensor(entry["values"], dtype=torch.float32).reshape(entry["shape"])
        with torch.no_grad():
            self.conv_kernel.copy_(real(weights["conv_kernel"]).permute(3, 2, 0, 1))
            self.conv_bias.copy_(real(weights["conv_bias"]))
            self.dense_kernel.copy_(real(weights["dense_kernel"]))
            self.dense_bias.copy_(real(weights["dense_bias"]))
            for layer, entry in enumerate(weights["decoder"]):
                self.kernels[layer].copy_(real(entry["kernel"]))
                self.biases[layer].copy_(real(entry["bias"]))

    def encode(self, images):
        """Latents of normalised charges on the grid, [events][1][9][9]."""
        features = torch.relu(torch.nn.functional.conv2d(
            images, weight(self.conv_kernel), weight(self.conv_bias), stride=2))
        flat = features.permute(0, 2, 3, 1).reshape(-1, 128)
        sums = torch.nn.functional.linear(flat, weight(self.dense_kernel), weight(self.dense_bias))
        return latent(sums)

    def forward(self, images):
        values = self.encode(images)
        for kernel, bias in zip(self.kernels, self.biases):
            values = torch.relu(torch.nn.functional.linear(values, kernel, bias))
        return values

    def keep_in_range(self):
        with torch.no_grad():
            for parameter in (self.conv_kernel, self.conv_bias, self.dense_kernel,
                              self.dense_bias):
                parameter.clamp_(-1.0, 31 / 32)


class Telescope:
    """4 L1 + 2 L2 + L3, the groups' sums by one matrix product."""

    def __init__(self, groups):
        self.sums = torch.zeros(CELLS, len(groups))
        self.weights = torch.zeros(CELLS + len(groups))
        self.weights[:CELLS] = 4.0 / CELLS
        for g, group in enumerate(groups):
            self.sums[group["channels"], g] = 1.0
            self.weights[CELLS + g] = group["weight"]

    def levels(self, charges):
        return torch.cat([charges, charges @ self.sums], dim=1)

    def __call__(self, truth, predicted):
        y = self.levels(truth)
        p = self.levels(predicted)
        return ((p - y).square() * torch.maximum(p, y) @ self.weights).mean()


def load_events(file, grid):
    """True charges divided by 2^floor(log2 sum), and the same floored to 7 fractional bits on the
    grid, where channel 48 stands for the zeros."""
    charges = numpy.fromfile(file, dtype="<i4").reshape(-1, CELLS).astype(numpy.int64)
    power = numpy.array([int(total).bit_length() - 1 for total in charges.sum(axis=1)])[:, None]
    truth = charges / numpy.exp2(power)
    normalized = numpy.pad(numpy.floor(truth * 128) / 128, ((0, 0), (0, 1)))
    images = normalized[:, grid].reshape(-1, 1, 9, 9)
    return (torch.tensor(truth, dtype=torch.float32), torch.tensor(images, dtype=torch.float32))


def rate_factor(step, steps):
    """aegen's schedule: a rise, then half a cosine down to 1 %."""
    rise = min(500.0, steps / 10.0)
    return min(1.0, (step + 1) / (rise + 1)) * (
        0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def train(model, loss, truth, images, arguments):
    optimizer = torch.optim.Adam(model.parameters(), lr=arguments.learning_rate)
    batches = len(truth) // arguments.batch
    seconds, losses, step = [], [], 0
    for _ in range(arguments.epochs):
        start = time.perf_counter()
        order = torch.randperm(len(truth))
        total = 0.0
        for batch in range(batches):
            part = order[batch * arguments.batch:(batch + 1) * arguments.batch]
            optimizer.param_groups[0]["lr"] = arguments.learning_rate * rate_factor(
                step, batches * arguments.epochs)
            optimizer.zero_grad(set_to_none=True)
            value = loss(truth[part], model(images[part]))
            value.backward()
            optimizer.step()
            model.keep_in_range()
            total += value.item()
            step += 1
        seconds.append(time.perf_counter() - start)
        losses.append(total / batches)
    return {"seconds": seconds, "losses": losses, "events": batches * arguments.batch}


def forward(model, loss, truth, images, arguments):
    with torch.no_grad():
        latents = model.encode(images)
        charges = model(images)
    (latents * 256).numpy().astype("<i4").tofile(arguments.out + ".latents")
    charges.numpy().astype("<f4").tofile(arguments.out + ".charges")
    return {"loss": loss(truth, charges).item()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", required=True, help="JSON: grid, hidden, groups, weights")
    parser.add_argument("--events", required=True)
    parser.add_argument("--epochs", type=int, default=0, help="0: run the given weights forward")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", default="", help="where the forward pass' results go")
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    with open(arguments.network, encoding="utf-8") as file:
        network = json.load(file)
    model = Autoencoder(network["hidden"])
    loss = Telescope(network["groups"])
    truth, images = load_events(arguments.events, network["grid"])
    if arguments.epochs > 0:
        result = train(model, loss, truth, images, arguments)
    else:
        model.load(network["weights"])
        result = forward(model, loss, truth, images, arguments)
    result["torch"] = torch.__version__
    result["threads"] = torch.get_num_threads()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
