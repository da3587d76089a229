using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Espalier.Torch.Native;

namespace Espalier.Torch.Dispatch;

/// <summary>
/// An operator of libtorch by its schema, called boxed through the dispatcher, below autograd: devices come with it, and gradients are
/// recorded by its rule. Arguments are checked against the schema before the call; those that are left out take its defaults. Safe to share
/// between threads.
/// </summary>
internal sealed unsafe class Op
{
    private static readonly ConcurrentDictionary<string, Op> s_made = new(StringComparer.Ordinal);

    private readonly OpSchema _schema;
    private readonly DispatcherCall? _dispatcher;
    private readonly DirectCall? _direct;
    private readonly OpEffects _effects;

    private Op(OpSchema schema, DirectCall? direct)
    {
        if (schema.Parameters.Length > ArgumentArray.Room)
            throw new FormatException($"more than {ArgumentArray.Room} arguments: {schema}");
        if (schema.HasScalars && direct is null)
            throw new FormatException($"the stable ABI carries no Scalar; declare the form with tensors: {schema}");
        (_schema, _direct, _effects) = (schema, direct, OpEffects.Of(schema.Text));
        _dispatcher = direct is null ? new(schema) : null;
    }

    /// <summary>
    /// The operator of a schema, written as libtorch's <c>native_functions.yaml</c> writes it, with the namespace before it.
    /// </summary>
    /// <exception cref="FormatException">It is no schema, or it has types that the stable ABI does not carry.</exception>
    public static Op Of(string schema) => s_made.GetOrAdd(schema, static text => new Op(OpSchema.Parse(text), null));

    /// <summary>An operator that is called some other way than through the dispatcher as it is declared.</summary>
    internal static Op Of(string schema, DirectCall direct) => new(OpSchema.Parse(schema), direct);

    public string Schema => _schema.Text;

    public override string ToString() => Schema;

    /// <summary>How gradient goes through it; null where nobody has said.</summary>
    public Rule? Rule { get; set; }

    /// <summary>Whether recording is on for this thread and a tensor among the arguments wants a gradient.</summary>
    public static bool Records(ReadOnlySpan<Argument> arguments)
    {
        if (GradMode.IsEnabled)
            foreach (ref readonly var argument in arguments)
                if (argument.Reference is Tensor { WantsGradient: true }
                    || (argument.Reference is Tensor?[] list && GradMode.Records(list)))
                    return true;
        return false;
    }

    /// <summary>Calls and returns the single tensor that results; the caller (or the current scope) owns it.</summary>
    public Tensor Call(params ReadOnlySpan<Argument> arguments)
    {
        var rule = RuleFor(arguments);
        NativeValue value;
        var count = Invoke(arguments, &value, 1);
        if (count != 1 || value.Tag != ValueTag.Tensor)
            throw Unwanted("one tensor", &value, count);
        var result = Tensor.Adopt(value.Pointer);
        Finish(arguments, result, null, rule);
        return result;
    }

    /// <summary>Calls for the effect alone, as of an in-place operator.</summary>
    public void CallVoid(params ReadOnlySpan<Argument> arguments)
    {
        _ = RuleFor(arguments);
        Invoke(arguments, null, 0);
    }

    /// <summary>Calls and returns the tensors that result, at most 256; the caller (or the current scope) owns them.</summary>
    [SkipLocalsInit]
    public Tensor[] CallMany(params ReadOnlySpan<Argument> arguments)
    {
        const int room = 256;
        var rule = RuleFor(arguments);
        var results = stackalloc NativeValue[room];
        var count = Invoke(arguments, results, room);
        for (var i = 0; i < count; i++)
            if (results[i].Tag != ValueTag.Tensor)
                throw Unwanted("tensors alone", results, count);
        var tensors = new Tensor[count];
        for (var i = 0; i < count; i++)
            tensors[i] = Tensor.Adopt(results[i].Pointer);
        if (count > 0)
            Finish(arguments, tensors[0], tensors, rule);
        return tensors;
    }

    /// <summary>Calls and returns the single bool or integer that results.</summary>
    public long CallInteger(params ReadOnlySpan<Argument> arguments)
    {
        NativeValue result;
        var count = Invoke(arguments, &result, 1);
        return count == 1 && result.Tag is ValueTag.Int or ValueTag.Bool ? result.Integer : throw Unwanted("an integer", &result, count);
    }

    /// <summary>
    /// The rule to record by where an input wants a gradient and recording is on, else null; an error where the operator has none.
    /// </summary>
    private Rule? RuleFor(ReadOnlySpan<Argument> arguments)
    {
        if (!Records(arguments))
            return null;
        if (Rule is { } rule && rule.Takes(arguments))
            return rule.Refuses ? null : rule;
        throw new TorchException(_effects.Written != 0
            ? $"{_schema.FullName} works in place, and one of its tensors requires a gradient: use the form that returns a new tensor, "
                + $"or turn recording off"
            : $"{_schema.FullName}: an input requires a gradient, but this operator has no backward; call it with gradients off");
    }

    private void Finish(ReadOnlySpan<Argument> arguments, Tensor result, Tensor[]? all, Rule? rule)
    {
        if (_effects.ResultIsView)
            foreach (ref readonly var argument in arguments)
                if (argument.Reference is Tensor source)
                {
                    result.ShareMemoryOf(source);
                    foreach (var view in all ?? [])
                        view.ShareMemoryOf(source);
                    break;
                }
        rule?.Record(arguments, result, all);
    }

    /// <summary>The error about results of another kind than the caller's; frees them.</summary>
    private TorchException Unwanted(string wanted, NativeValue* results, int count)
    {
        OpResults.Free(results, count);
        return new TorchException($"the operator does not return {wanted}: {Schema}");
    }

    [SkipLocalsInit]
    private int Invoke(ReadOnlySpan<Argument> arguments, NativeValue* results, int capacity)
    {
        var room = new ArgumentArray();
        Span<Argument> full = ((Span<Argument>)room)[.._schema.Parameters.Length];
        ArgumentCheck.Fill(_schema, arguments, full);
        var held = 0;
        try
        {
            for (; held < full.Length; held++)
                Hold(full[held]);
            if (_direct is not null)
                return CallDirectly(full, results, capacity);
            var words = stackalloc ulong[_dispatcher!.Words];
            for (var i = 0; i < full.Length; i++)
                words[i] = DispatcherCall.Word(full[i], _schema.Parameters[i].Type);
            if (!_dispatcher.Run(words))
                throw Refused(full);
            Written(full);
            return OpResults.Collect(_schema, words, results, capacity);
        }
        finally
        {
            for (var i = 0; i < held; i++)
                Release(full[i]);
        }
    }

    private int CallDirectly(ReadOnlySpan<Argument> full, NativeValue* results, int capacity)
    {
        var result = _direct!(full);
        if (result == RawOp.Refused)
            throw Refused(full);
        Written(full);
        if (capacity > 0 && result != 0)
            *results = new() { Tag = ValueTag.Tensor, Pointer = result };
        else if (result != 0)
            _ = Libtorch.DeleteTensor(result);
        return capacity > 0 && result != 0 ? 1 : 0;
    }

    private void Written(ReadOnlySpan<Argument> arguments)
    {
        for (var i = 0; i < arguments.Length; i++)
            if ((_effects.Written >> i & 1) != 0)
                switch (arguments[i].Reference)
                {
                    case Tensor tensor:
                        tensor.Written();
                        break;
                    case Tensor?[] list:
                        foreach (var tensor in list)
                            tensor?.Written();
                        break;
                }
    }

    /// <summary>libtorch 2.10 does not say why: shapes and types of all that it was given say it as well.</summary>
    private TorchException Refused(ReadOnlySpan<Argument> full)
    {
        var given = new string[full.Length];
        for (var i = 0; i < given.Length; i++)
            given[i] = $"{_schema.Parameters[i].Name} = {full[i]}";
        return Status.Failure($"{_schema.FullName} does not accept these arguments together: {string.Join(", ", given)}");
    }

    private static void Hold(in Argument argument)
    {
        if (argument.Reference is Tensor tensor)
            tensor.Hold();
        else if (argument.Reference is Tensor?[] list)
            HoldList(list);
    }

    // When one entry cannot be held, the ones before it must not stay held.
    private static void HoldList(Tensor?[] list)
    {
        var held = 0;
        try
        {
            for (; held < list.Length; held++)
                list[held]?.Hold();
        }
        catch
        {
            for (var i = 0; i < held; i++)
                list[i]?.Release();
            throw;
        }
    }

    private static void Release(in Argument argument)
    {
        switch (argument.Reference)
        {
            case Tensor tensor:
                tensor.Release();
                break;
            case Tensor?[] list:
                foreach (var tensor in list)
                    tensor?.Release();
                break;
        }
    }
}
