"""The network: its size, its shape, and that the fast way to normalise is the plain one."""

import pytest

pytestmark = pytest.mark.needs_module("torch")


def network(channels=1, base=4):
    import torch

    from OsteoScreenLib.training.vbnet import VBNet

    torch.manual_seed(0)
    return VBNet(channels, base)


def test_with_sixteen_channels_it_has_as_many_parameters_as_published():
    count = sum(parameter.numel() for parameter in network(1, 16).parameters())
    assert count == 1_958_417  # about 2 million; a V-Net of these widths has over six times as many


@pytest.mark.parametrize(("channels", "sizes"), [(1, (32, 32, 32)), (3, (16, 48, 32))])
def test_logits_lie_on_the_grid_of_the_input(channels, sizes):
    import torch

    with torch.no_grad():
        assert network(channels)(torch.zeros(1, 1, *sizes)).shape == (1, channels, *sizes)


def test_sizes_that_are_no_multiples_of_sixteen_are_refused():
    import torch

    with pytest.raises(RuntimeError), torch.no_grad():
        network()(torch.zeros(1, 1, 32, 40, 32))


def test_bottlenecks_begin_at_sixty_four_channels():
    from torch import nn

    from OsteoScreenLib.training.vbnet import Residual

    def kernels(channels):
        layers = Residual(channels, 2).modules()
        return [layer.kernel_size[0] for layer in layers if isinstance(layer, nn.Conv3d)]

    assert kernels(32) == [3, 3]
    assert kernels(64) == [1, 3, 1, 1, 3, 1]
    inner = [layer.out_channels for layer in Residual(64, 1).modules() if isinstance(layer, nn.Conv3d)]
    assert inner == [16, 16, 64]


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("training", [True, False])
def test_normalisation_is_by_instance_in_training_and_after(batch, training):
    import torch
    from torch.nn import functional

    from OsteoScreenLib.training.vbnet import InstanceNorm

    torch.manual_seed(1)
    norm = InstanceNorm(3).train(training)
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    x = 5.0 + 3.0 * torch.randn(batch, 3, 4, 5, 6)
    plain = functional.instance_norm(x, weight=norm.weight, bias=norm.bias, eps=1e-5)
    assert torch.allclose(norm(x), plain, atol=1e-5)


def test_the_whole_network_gives_the_same_in_training_and_after():
    import torch

    x = torch.randn(1, 1, 32, 32, 32)
    with torch.no_grad():
        assert torch.allclose(network().train()(x), network().eval()(x), atol=1e-3)
