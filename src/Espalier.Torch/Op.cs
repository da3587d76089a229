using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Espalier.Torch.Gradients;
using Espalier.Torch.Native;

namespace Espalier.Torch;

/// <summary>
/// An operator of libtorch, or one of ours, found by name in the dispatcher and called boxed, below autograd: devices and libtorch's own error messages come with it, and
/// gradients are recorded here. Arguments that are left out take the schema's defaults. Safe to share between threads.
/// </summary>
public sealed unsafe class Op
{
    private static readonly ConcurrentDictionary<(string, string), Op?> Found = new();
    private readonly nint _handle;
    private readonly string _name;
    private readonly OpEffects _effects;
    private Rule? _rule;

    private Op(nint handle, string name)
    {
        (_handle, _name) = (handle, name);
        _effects = OpEffects.Of(Schema);
    }

    /// <summary>The operator, or an error that names it when this libtorch has none.</summary>
    public static Op Find(string name, string overload = "") =>
        TryFind(name, overload) ?? throw new TorchException($"this libtorch ({TorchRuntime.Version}) has no operator {name}{(overload.Length > 0 ? "." + overload : "")}");

    /// <summary>The operator, or null when this libtorch has none: for what only newer versions offer.</summary>
    public static Op? TryFind(string name, string overload = "") => Found.GetOrAdd((name, overload), static key =>
    {
        NativeLoader.EnsureLoaded();
        nint op;
        NativeMethods.esp_op_find(key.Item1, key.Item2, &op);
        return op == 0 ? null : new Op(op, key.Item2.Length == 0 ? key.Item1 : $"{key.Item1}.{key.Item2}");
    });

    /// <summary>The operator's schema as libtorch writes it.</summary>
    public string Schema => TorchRuntime.ReadText((text, capacity, length) => NativeMethods.esp_op_schema(_handle, (byte*)text, capacity, (int*)length));

    /// <summary>How gradient goes through it; null where nobody has said.</summary>
    internal Rule? Rule
    {
        get
        {
            // Rules stand in the table of operators, and this one may have been found by its name before anybody looked there.
            if (_rule is null)
                RuntimeHelpers.RunClassConstructor(typeof(Ops).TypeHandle);
            return _rule;
        }
    }

    /// <summary>Says how gradient goes through it.</summary>
    internal Op With(Rule rule)
    {
        _rule = rule;
        return this;
    }

    /// <summary>Says what its backward is.</summary>
    internal Op With(Derivative derivative) => With((Rule)derivative);

    /// <summary>Calls and returns the single tensor that results; the caller (or the current scope) owns it.</summary>
    public Tensor Call(params ReadOnlySpan<Argument> arguments)
    {
        var derivative = DerivativeFor(arguments);
        NativeValue value;
        var count = Invoke(arguments, &value, 1);
        if (count != 1 || value.Tag != ValueTag.Tensor)
            throw Unwanted("one tensor", &value, count);
        var result = Tensor.Adopt(value.Pointer);
        Finish(arguments, result, null, derivative);
        return result;
    }

    /// <summary>Calls for the effect alone, as of an in-place operator.</summary>
    public void CallVoid(params ReadOnlySpan<Argument> arguments)
    {
        _ = DerivativeFor(arguments);
        Invoke(arguments, null, 0);
    }

    /// <summary>Calls and returns the tensors that result, at most 256; the caller (or the current scope) owns them.</summary>
    [SkipLocalsInit]
    public Tensor[] CallMany(params ReadOnlySpan<Argument> arguments)
    {
        const int room = 256;
        var derivative = DerivativeFor(arguments);
        var results = stackalloc NativeValue[room];
        var count = Invoke(arguments, results, room);
        for (var i = 0; i < count; i++)
            if (results[i].Tag != ValueTag.Tensor)
                throw Unwanted("tensors alone", results, count);
        var tensors = new Tensor[count];
        for (var i = 0; i < count; i++)
            tensors[i] = Tensor.Adopt(results[i].Pointer);
        if (count > 0)
            Finish(arguments, tensors[0], tensors, derivative);
        return tensors;
    }

    /// <summary>Calls and returns the single bool or integer that results.</summary>
    public long CallInteger(params ReadOnlySpan<Argument> arguments)
    {
        NativeValue result;
        var count = Invoke(arguments, &result, 1);
        return count == 1 && result.Tag is ValueTag.Int or ValueTag.Bool ? result.Integer : throw Unwanted("an integer", &result, count);
    }

    /// <summary>Calls and returns the single number (bool, integer or floating-point) that results, as a double.</summary>
    public double CallNumber(params ReadOnlySpan<Argument> arguments)
    {
        NativeValue result;
        var count = Invoke(arguments, &result, 1);
        return count == 1 && result.Tag is ValueTag.Double ? result.Number
            : count == 1 && result.Tag is ValueTag.Int or ValueTag.Bool ? result.Integer
            : throw Unwanted("a number", &result, count);
    }

    /// <summary>The derivative to record where an input wants a gradient and recording is on, else null; an error where the operator has none.</summary>
    private Derivative? DerivativeFor(ReadOnlySpan<Argument> arguments)
    {
        if (!Tape.Wants(arguments))
            return null;
        var rule = Rule;
        if (rule is { Refuses: false })
            return rule.Derivative;
        if (rule is { Shifts: true } && arguments[0].Reference is Tensor { IsRecorded: true } && !Tape.Wants(arguments[1..]))
            return null;
        throw new TorchException(_effects.Written != 0
            ? $"{_name} works in place and one of its tensors wants a gradient: use the form that returns a new tensor, or turn recording off"
            : $"{_name}: an input wants a gradient, and this operator has no backward; call it with gradients off");
    }

    private void Finish(ReadOnlySpan<Argument> arguments, Tensor result, Tensor[]? all, Derivative? derivative)
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
        if (derivative is null)
            return;
        var recording = new Recording(arguments, result, all);
        if (derivative(ref recording) is { } backward)
            recording.Record(backward);
    }

    /// <summary>The error about results of another kind than the caller's; frees them.</summary>
    private TorchException Unwanted(string wanted, NativeValue* results, int count)
    {
        for (var i = 0; i < count; i++)
            if (results[i].Tag == ValueTag.Tensor)
                NativeMethods.esp_tensor_free(results[i].Pointer);
        return new TorchException($"the operator does not give {wanted}: {Schema}");
    }

    [SkipLocalsInit]
    private int Invoke(ReadOnlySpan<Argument> arguments, NativeValue* results, int capacity)
    {
        const int stackWords = 64, mostArguments = 64;
        if (arguments.Length > mostArguments)
            throw new TorchException($"an operator was given {arguments.Length} arguments; none takes more than {mostArguments}");
        var words = 0;
        foreach (ref readonly var argument in arguments)
            words += argument.ScratchWords;
        var values = stackalloc NativeValue[arguments.Length];
        var onStack = stackalloc long[stackWords];
        var scratch = words <= stackWords ? onStack : (long*)NativeMemory.Alloc((nuint)words, sizeof(long));
        var held = 0;
        try
        {
            var free = scratch;
            for (; held < arguments.Length; held++)
                free = Marshal(arguments[held], values + held, free);
            int count;
            NativeMethods.esp_op_call(_handle, values, arguments.Length, results, capacity, &count);
            if (_effects.Written != 0)
                Written(arguments);
            return count;
        }
        finally
        {
            for (var i = 0; i < held; i++)
                Release(arguments[i]);
            if (scratch != onStack)
                NativeMemory.Free(scratch);
        }
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

    /// <summary>Writes one argument; lists go to <paramref name="free"/>, whose next free word is returned. Tensors are held until released.</summary>
    private static long* Marshal(in Argument argument, NativeValue* value, long* free)
    {
        value->Tag = argument.Tag;
        value->Length = 0;
        value->Integer = argument.Bits;
        switch (argument.Reference)
        {
            case Tensor tensor:
                value->Pointer = tensor.Hold();
                return free;
            case long[] list:
                return Copy(list.AsSpan(), value, free);
            case double[] list:
                return Copy(MemoryMarshal.Cast<double, long>(list), value, free);
            case Tensor?[] list:
                value->Pointer = (nint)free;
                for (; value->Length < list.Length; value->Length++)
                    free[value->Length] = HoldInList(list, value->Length);
                return free + list.Length;
            case string text:
                value->Pointer = (nint)free;
                value->Length = Encoding.UTF8.GetBytes(text, new Span<byte>(free, argument.ScratchWords * sizeof(long)));
                return free + argument.ScratchWords;
            default:
                return free;
        }
    }

    private static long* Copy(ReadOnlySpan<long> list, NativeValue* value, long* free)
    {
        list.CopyTo(new Span<long>(free, list.Length));
        value->Pointer = (nint)free;
        value->Length = list.Length;
        return free + list.Length;
    }

    // When one entry cannot be held, the ones before it must not stay held.
    private static nint HoldInList(Tensor?[] list, int index)
    {
        try
        {
            return list[index]?.Hold() ?? 0;
        }
        catch
        {
            for (var i = 0; i < index; i++)
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
