using System.Numerics;
using System.Text;

namespace Espalier.Evaluation.FunctionCalls.Values;

/// <summary>
/// A value as Python has it. Calls are compared by Python's rules: <c>1 == 1.0 == True</c>, yet their types differ, and a list never
/// equals a tuple.
/// </summary>
internal abstract class PyValue
{
    /// <summary>What <c>type(value).__name__</c> is.</summary>
    public abstract string TypeName { get; }

    /// <summary>Python's <c>==</c>.</summary>
    public abstract bool IsEqual(PyValue other);

    /// <summary>Writes the value as Python's <c>repr</c> does.</summary>
    public abstract void Write(StringBuilder text);

    /// <summary>The value as <c>repr</c> writes it.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        Write(text);
        return text.ToString();
    }

    /// <summary>Whether it is a text, and which.</summary>
    public bool IsText(string wanted) => this is PyText { Text: var text } && text == wanted;
}

/// <summary><c>None</c>.</summary>
internal sealed class PyNone : PyValue
{
    /// <summary>The only one.</summary>
    public static PyNone Instance { get; } = new();

    public override string TypeName => "NoneType";

    public override bool IsEqual(PyValue other) => other is PyNone;

    public override void Write(StringBuilder text) => text.Append("None");
}

/// <summary>A number: <c>bool</c>, <c>int</c> or <c>float</c>; these equal each other by their value.</summary>
internal abstract class PyNumber : PyValue
{
    public override bool IsEqual(PyValue other) => (this, other) switch
    {
        (PyFloat a, PyFloat b) => a.Value == b.Value,
        (PyFloat a, PyNumber b) => IsWhole(a.Value, b.Whole),
        (PyNumber a, PyFloat b) => IsWhole(b.Value, a.Whole),
        (PyNumber a, PyNumber b) => a.Whole == b.Whole,
        _ => false,
    };

    /// <summary>The value of a whole one.</summary>
    public abstract BigInteger Whole { get; }

    private static bool IsWhole(double value, BigInteger whole) => double.IsInteger(value) && new BigInteger(value) == whole;
}

/// <summary><c>True</c> or <c>False</c>.</summary>
internal sealed class PyBool(bool value) : PyNumber
{
    /// <summary>The value.</summary>
    public bool Value => value;

    public override string TypeName => "bool";

    public override BigInteger Whole => value ? 1 : 0;

    public override void Write(StringBuilder text) => text.Append(value ? "True" : "False");
}

/// <summary>An <c>int</c>, of any size.</summary>
internal sealed class PyInt(BigInteger value) : PyNumber
{
    public override string TypeName => "int";

    public override BigInteger Whole => value;

    public override void Write(StringBuilder text) => text.Append(value);
}

/// <summary>A <c>float</c>.</summary>
internal sealed class PyFloat(double value) : PyNumber
{
    /// <summary>The value.</summary>
    public double Value => value;

    public override string TypeName => "float";

    public override BigInteger Whole => throw new InvalidOperationException("A float is compared as such.");

    public override void Write(StringBuilder text) => text.Append(PyNumbers.Text(value));
}

/// <summary>A <c>str</c>.</summary>
internal sealed class PyText(string text) : PyValue
{
    /// <summary>The characters.</summary>
    public string Text => text;

    public override string TypeName => "str";

    public override bool IsEqual(PyValue other) => other is PyText { Text: var others } && text == others;

    public override void Write(StringBuilder builder) => PyTexts.Write(text, builder);
}

/// <summary>A value of a type that no parameter has: <c>bytes</c>, <c>complex</c>; it equals nothing that is expected.</summary>
internal sealed class PyOther(string typeName, string source) : PyValue
{
    public override string TypeName => typeName;

    public override bool IsEqual(PyValue other) => other is PyOther && other.TypeName == typeName && other.ToString() == source;

    public override void Write(StringBuilder text) => text.Append(source);
}
