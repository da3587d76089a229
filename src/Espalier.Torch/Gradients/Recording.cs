using Espalier.Torch.Dispatch;

namespace Espalier.Torch.Gradients;

/// <summary>
/// One call of an operator that is being recorded: its arguments by their place in the schema, its result, and what its backward keeps.
/// Tensors among the arguments are the inputs, in their order; a list's are inputs each.
/// </summary>
internal ref struct Recording(ReadOnlySpan<Argument> arguments, ReadOnlySpan<Tensor> results)
{
    private readonly ReadOnlySpan<Argument> _arguments = arguments;
    private readonly ReadOnlySpan<Tensor> _results = results;
    private Node? _node;

    /// <summary>The result, the first where there are several.</summary>
    public readonly Tensor Result => _results[0];

    public readonly Tensor Other(int index) => _results[index];

    public readonly Tensor Input(int index) => (Tensor)_arguments[index].Reference!;

    public readonly Tensor?[] Inputs(int index) => (Tensor?[])_arguments[index].Reference!;

    /// <summary>Whether an argument is a tensor that wants a gradient.</summary>
    public readonly bool Wants(int index) => index < _arguments.Length && _arguments[index].Reference is Tensor { WantsGradient: true };

    /// <summary>The node that will be recorded, for what its backward finds there. Whoever asks for it records.</summary>
    public Node Node => _node ??= Node.Take();

    /// <summary>Shape and type of an input that wants a gradient, else null.</summary>
    public readonly Form? Form(int index) => Wants(index) ? new Form(Input(index)) : null;

    public readonly Form FormOf(int index) => new(Input(index));

    /// <summary>An integer, or what the schema's default is.</summary>
    public readonly long Integer(int index, long missing) => IsNumber(index) ? _arguments[index].Bits : missing;

    /// <summary>A number, or what the schema's default is.</summary>
    public readonly double Number(int index, double missing) => IsNumber(index) ? _arguments[index].Number : missing;

    /// <summary>Whether a number was given there, and not a tensor or the default.</summary>
    public readonly bool IsNumber(int index) => index < _arguments.Length && _arguments[index].IsNumber;

    public readonly long[]? Integers(int index) => index < _arguments.Length ? _arguments[index].Reference as long[] : null;

    /// <summary>Keeps an input where it is needed; the default keeps nothing.</summary>
    public Kept Keep(int index, bool needed = true) => needed ? Keep(Input(index)) : default;

    /// <summary>Keeps a tensor for the backward.</summary>
    public Kept Keep(Tensor tensor) => Node.Keep(tensor);

    public void Record(Backward backward)
    {
        var count = 0;
        foreach (var _ in new ArgumentTensors(_arguments))
            count++;
        var room = new Sinks();
        var sinks = count <= Sinks.Room ? ((Span<GradientSink?>)room)[..count] : new GradientSink?[count];
        var at = 0;
        foreach (var tensor in new ArgumentTensors(_arguments))
            sinks[at++] = tensor.Sink;
        Node.Record(sinks, backward);
        Result.Sink = Node;
    }
}
