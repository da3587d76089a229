namespace Espalier.Torch.Dispatch;

/// <summary>The tensors among arguments, in their order: those of a list each, and what is null there is left out.</summary>
internal ref struct ArgumentTensors(ReadOnlySpan<Argument> arguments)
{
    private readonly ReadOnlySpan<Argument> _arguments = arguments;
    private int _argument, _entry;

    public Tensor Current { get; private set; } = null!;

    public readonly ArgumentTensors GetEnumerator() => this;

    public bool MoveNext()
    {
        for (; _argument < _arguments.Length; _argument++, _entry = 0)
            switch (_arguments[_argument].Reference)
            {
                case Tensor tensor when _entry++ == 0:
                    Current = tensor;
                    return true;
                case Tensor?[] list:
                    while (_entry < list.Length)
                        if (list[_entry++] is { } entry)
                        {
                            Current = entry;
                            return true;
                        }
                    break;
            }
        return false;
    }
}
