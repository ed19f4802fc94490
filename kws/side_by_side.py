"""Models of one shape trained side by side, as one: what they read is read once, and a step is a step of all.

Models as small as these leave a processor idle between operations. A model's weights do not depend on its neighbours:
there are always as many places, empty ones filled with copies, so the same kernels run whatever stands beside it.
"""

import copy
from collections.abc import Sequence

import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap


class SideBySide(nn.Module):
    """G models with their parameters stacked: (B, T, F) -> (G, B, K). All see the same clips and the same dropout.

    Args:
        models: differ in parameters and buffers alone; copied.
        places: G, at least len(models).
    """

    def __init__(self, models: Sequence[nn.Module], places: int):
        super().__init__()
        filled = [*models, *[models[-1]] * (places - len(models))]
        parameters, buffers = stack_module_state(list(filled))
        self._names = {name: name.replace(".", "/") for name in (*parameters, *buffers)}  # a dot would be a submodule's
        for name, value in parameters.items():
            self.register_parameter(self._names[name], nn.Parameter(value.detach()))
        for name, value in buffers.items():
            self.register_buffer(self._names[name], value)
        self._one = [copy.deepcopy(models[0]).to("meta")]  # in a list, so that it is no submodule
        self._parameters_of_one, self._buffers_of_one = tuple(parameters), tuple(buffers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return vmap(self._call, in_dims=(0, 0, None), randomness="same")(
            self._tensors(self._parameters_of_one), self._tensors(self._buffers_of_one), x
        )

    def train(self, mode: bool = True) -> "SideBySide":
        self._one[0].train(mode)
        return super().train(mode)

    @torch.no_grad()
    def hand_back(self, models: Sequence[nn.Module]) -> None:
        """Copy what was learned into the models that this was made of."""
        for place, model in enumerate(models):
            model.load_state_dict({name: getattr(self, self._names[name])[place] for name in model.state_dict()})

    def _call(self, parameters: dict, buffers: dict, x: torch.Tensor) -> torch.Tensor:
        return functional_call(self._one[0], (parameters, buffers), (x,))

    def _tensors(self, names: tuple[str, ...]) -> dict[str, torch.Tensor]:
        return {name: getattr(self, self._names[name]) for name in names}
