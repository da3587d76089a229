using System.Runtime.CompilerServices;
using System.Text;
using Espalier.Torch.Native;

namespace Espalier.Torch.Dispatch;

/// <summary>
/// How an operator is called that does not go through the dispatcher as it is declared: checked and held arguments in, a new handle out (0
/// for none, or <see cref="Op.Refused"/>); null where it goes through the dispatcher after all.
/// </summary>
internal delegate nint? DirectCall(ReadOnlySpan<Argument> arguments);

/// <summary>The tensor without dimensions, as a word, by which an operator takes a number beside a tensor.</summary>
internal delegate ulong NumberWord(nint beside, double value);

/// <summary>
/// An operator of libtorch by its schema, called boxed through the dispatcher, below autograd: devices come with it, and gradients are
/// recorded by its rule. Arguments are checked against the schema before the call; those that are left out take its defaults. Safe to share
/// between threads.
/// </summary>
internal sealed unsafe class Op
{
    /// <summary>What a call gives where libtorch refused.</summary>
    public const nint Refused = -1;

    // Later versions of libtorch append arguments to schemas, and read a word for each: 0 is none, false, or 0.
    private const int MostArguments = 17, Appended = 15;

    private readonly OpSchema _schema;
    private readonly DirectCall? _direct;
    private readonly NumberWord? _number;
    private readonly byte[] _name, _overload;
    private readonly bool _isProduct;

    /// <summary>
    /// The operator of a schema, written as libtorch's <c>native_functions.yaml</c> writes it, with the namespace before it.
    /// </summary>
    /// <param name="schema">The schema.</param>
    /// <param name="direct">Another way to call it.</param>
    /// <param name="number">How a number is given in place of a tensor behind the first one, where that may be.</param>
    /// <exception cref="FormatException">It is no schema, or it has types that the stable ABI does not carry.</exception>
    public Op(string schema, DirectCall? direct = null, NumberWord? number = null)
    {
        (_schema, _direct, _number) = (new(schema), direct, number);
        if (_schema.Parameters.Length > MostArguments)
            throw new FormatException($"more than {MostArguments} arguments: {schema}");
        if (direct is null && _schema.Parameters.Any(parameter => parameter.Kind == ValueKind.Scalar))
            throw new FormatException($"the stable ABI carries no Scalar; declare the form with tensors: {schema}");
        if (_schema.Results.Any(result => result.IsList || result.Kind != ValueKind.Tensor))
            throw new FormatException($"of results tensors alone are read, without lists: {schema}");
        (_name, _overload) = (Encoding.UTF8.GetBytes(_schema.Name + "\0"), Encoding.UTF8.GetBytes(_schema.Overload + "\0"));
        _isProduct = IsProduct(_schema.Name);
    }

    public string Schema => _schema.Text;

    public override string ToString() => Schema;

    /// <summary>How gradient goes through it; null where nobody has said.</summary>
    public Rule? Rule { get; set; }

    /// <summary>Whether recording is on for this thread and a tensor among the arguments wants a gradient.</summary>
    public static bool Records(ReadOnlySpan<Argument> arguments)
    {
        if (GradMode.IsEnabled)
            foreach (var tensor in new ArgumentTensors(arguments))
                if (tensor.WantsGradient)
                    return true;
        return false;
    }

    /// <summary>Calls and returns the single tensor that results; the caller (or the current scope) owns it.</summary>
    public Tensor Call(params ReadOnlySpan<Argument> arguments)
    {
        var rule = RuleFor(arguments);
        var word = 0UL;
        Invoke(arguments, new(ref word));
        var result = Tensor.Adopt((nint)word);
        Finish(arguments, new(in result), rule);
        return result;
    }

    /// <summary>Calls for the effect alone, as of an in-place operator.</summary>
    public void CallVoid(params ReadOnlySpan<Argument> arguments)
    {
        _ = RuleFor(arguments);
        var word = 0UL;
        Invoke(arguments, new(ref word));
        if (word != 0)
            _ = Libtorch.DeleteTensor((nint)word);
    }

    /// <summary>Calls and returns the tensors that result; the caller (or the current scope) owns them.</summary>
    public Tensor[] CallMany(params ReadOnlySpan<Argument> arguments)
    {
        var rule = RuleFor(arguments);
        Span<ulong> words = stackalloc ulong[_schema.Results.Length];
        Invoke(arguments, words);
        var tensors = new Tensor[words.Length];
        for (var i = 0; i < tensors.Length; i++)
            tensors[i] = Tensor.Adopt((nint)words[i]);
        Finish(arguments, tensors, rule);
        return tensors;
    }

    /// <summary>
    /// Calls with words, without checks: for those who made the words. The result's handle; 0 where the operator works in place.
    /// </summary>
    public nint Run(params ReadOnlySpan<ulong> words)
    {
        Span<ulong> stack = stackalloc ulong[WordCount];
        words.CopyTo(stack);
        if (!Dispatch(stack))
            return Refused;
        if (!_schema.Parameters[0].IsWritten)
            return (nint)stack[0];
        _ = Libtorch.DeleteTensor((nint)stack[0]);
        return 0;
    }

    private int WordCount => Math.Max(_schema.Parameters.Length, _schema.Results.Length) + Appended;

    /// <summary>
    /// The rule to record by where an input wants a gradient and recording is on, else null; an error where the operator has none.
    /// </summary>
    private Rule? RuleFor(ReadOnlySpan<Argument> arguments)
    {
        if (!Records(arguments))
            return null;
        if (Rule is { } rule && rule.Takes(arguments))
            return rule.Refuses ? null : rule;
        throw new TorchException(Array.Exists(_schema.Parameters, parameter => parameter.IsWritten)
            ? $"{_schema.FullName} works in place, and one of its tensors requires a gradient: use the form that returns a new tensor, "
                + $"or turn recording off"
            : $"{_schema.FullName}: an input requires a gradient, but this operator has no backward; call it with gradients off");
    }

    private void Finish(ReadOnlySpan<Argument> arguments, ReadOnlySpan<Tensor> results, Rule? rule)
    {
        if (_schema.ResultIsView)
            foreach (var source in new ArgumentTensors(arguments))
            {
                foreach (var view in results)
                    view.ShareMemoryOf(source);
                break;
            }
        rule?.Record(arguments, results);
    }

    [SkipLocalsInit]
    private void Invoke(ReadOnlySpan<Argument> arguments, Span<ulong> results)
    {
        if (_schema.Results.Length > results.Length)
            throw new TorchException($"the operator gives more than one tensor: {Schema}");
        var room = new ArgumentArray();
        Span<Argument> full = ((Span<Argument>)room)[.._schema.Parameters.Length];
        ArgumentCheck.Fill(_schema, arguments, full, _number is not null);
        var held = 0;
        try
        {
            foreach (var tensor in new ArgumentTensors(full))
            {
                tensor.Hold();
                held++;
            }
            if (_direct?.Invoke(full) is { } result)
                results[0] = result != Refused ? (ulong)result : throw Refusal(full);
            else
            {
                Span<ulong> words = stackalloc ulong[WordCount];
                words[full.Length..].Clear();
                for (var i = 0; i < full.Length; i++)
                    words[i] = _schema.Parameters[i].Kind == ValueKind.Tensor && full[i].IsNumber
                        ? _number!(First(full).Pointer, full[i].Number) : Words.Of(full[i], _schema.Parameters[i]);
                if (!Dispatch(words))
                    throw Refusal(full);
                words[.._schema.Results.Length].CopyTo(results);
            }
            for (var i = 0; i < full.Length; i++)
                if (_schema.Parameters[i].IsWritten)
                    foreach (var tensor in new ArgumentTensors(full[i..(i + 1)]))
                        tensor.Written();
        }
        finally
        {
            foreach (var tensor in new ArgumentTensors(full))
                if (held-- > 0)
                    tensor.Release();
        }
    }

    /// <summary>Calls the dispatcher; results come back in the same words. False where libtorch refused.</summary>
    private bool Dispatch(Span<ulong> words)
    {
        ComputeThread.MakeReady();
        fixed (byte* name = _name, overload = _overload)
        fixed (ulong* stack = words)
        {
            if (!_isProduct)
                return Libtorch.CallDispatcher(name, overload, stack, LibtorchLoader.Least) == 0;
            using (SignalHold.Begin())
                return Libtorch.CallDispatcher(name, overload, stack, LibtorchLoader.Least) == 0;
        }
    }

    /// <summary>libtorch 2.10 does not say why: shapes and types of all that it was given say it as well.</summary>
    private TorchException Refusal(ReadOnlySpan<Argument> full)
    {
        var given = new string[full.Length];
        for (var i = 0; i < given.Length; i++)
            given[i] = $"{_schema.Parameters[i].Name} = {full[i]}";
        return Status.Failure($"{_schema.FullName} does not accept these arguments together: {string.Join(", ", given)}");
    }

    private static Tensor First(ReadOnlySpan<Argument> arguments)
    {
        var tensors = new ArgumentTensors(arguments);
        return tensors.MoveNext() ? tensors.Current : throw new TorchException("a number is beside no tensor");
    }

    // Those that multiply matrices, by a library whose code must not be interrupted (SignalHold).
    private static bool IsProduct(string name) => name.TrimEnd('_') is
        "aten::linear" or "aten::matmul" or "aten::mm" or "aten::mv" or "aten::bmm" or "aten::dot" or "aten::einsum" or "aten::tensordot"
        or "aten::addmm" or "aten::addmv" or "aten::addbmm" or "aten::baddbmm";

    /// <summary>Room for the arguments of a call, without the heap.</summary>
    [InlineArray(MostArguments)]
    private struct ArgumentArray
    {
        private Argument _first;
    }
}
