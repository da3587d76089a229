using System.Numerics;
using Espalier.Evaluation.FunctionCalls.Values;

namespace Espalier.Evaluation.FunctionCalls.Decoding.Python;

/// <summary>
/// Arithmetic on literals, <c>60 * 60</c>, which the reference evaluates before it compares. Names and calls have no value here, and
/// results are bounded.
/// </summary>
internal static class PythonArithmetic
{
    private const int MaxBits = 1 << 16;
    private const int MaxItems = 1 << 20;

    /// <summary>The value of an expression.</summary>
    /// <exception cref="NoCallException">It has none.</exception>
    public static PyValue Evaluate(PythonNode node) => node switch
    {
        ConstantNode { Value: var value and (PyNumber or PyText or PyNone) } => value,
        SequenceNode { Bracket: '[', Items: var items } => new PyList([.. items.Select(Evaluate)]),
        SequenceNode { Bracket: '(', Items: var items } => new PyTuple([.. items.Select(Evaluate)]),
        UnaryNode { Operator: var sign, Operand: var operand } => Unary(sign, Evaluate(operand)),
        BinaryNode { Operator: var sign, Left: var left, Right: var right } => Binary(sign, Evaluate(left), Evaluate(right)),
        _ => throw None(),
    };

    private static PyValue Unary(string sign, PyValue operand) => (sign, operand) switch
    {
        ("-", PyFloat { Value: var value }) => new PyFloat(-value),
        ("+", PyFloat value) => value,
        ("-", PyNumber number) => new PyInt(-number.Whole),
        ("+", PyNumber number) => new PyInt(number.Whole),
        ("~", PyNumber number and not PyFloat) => new PyInt(-number.Whole - 1),
        ("not ", PyFloat { Value: var value }) => new PyBool(value == 0),
        ("not ", PyNumber number) => new PyBool(number.Whole.IsZero),
        _ => throw None(),
    };

    private static PyValue Binary(string sign, PyValue left, PyValue right) => (left, right) switch
    {
        (PyNumber a, PyNumber b) when a is PyFloat || b is PyFloat => new PyFloat(Floats(sign, Real(a), Real(b))),
        (PyBool a, PyBool b) when sign is "&" or "|" or "^" =>
            new PyBool(sign switch { "&" => a.Value & b.Value, "|" => a.Value | b.Value, _ => a.Value ^ b.Value }),
        (PyNumber a, PyNumber b) => Wholes(sign, a.Whole, b.Whole),
        (PyText { Text: var a }, PyText { Text: var b }) when sign == "+" && a.Length + b.Length <= MaxItems => new PyText(a + b),
        (PyText { Text: var a }, PyNumber and not PyFloat) when sign == "*" => new PyText(Repeated(a, right)),
        (PyNumber and not PyFloat, PyText { Text: var b }) when sign == "*" => new PyText(Repeated(b, left)),
        (PyList { Items: var a }, PyList { Items: var b }) when sign == "+" && a.Count + b.Count <= MaxItems =>
            new PyList([.. a, .. b]),
        (PyTuple { Items: var a }, PyTuple { Items: var b }) when sign == "+" && a.Count + b.Count <= MaxItems =>
            new PyTuple([.. a, .. b]),
        (PyList { Items: var a }, PyNumber and not PyFloat) when sign == "*" =>
            new PyList([.. Enumerable.Repeat(a, Times(a.Count, right)).SelectMany(items => items)]),
        _ => throw None(),
    };

    private static double Floats(string sign, double a, double b) => sign switch
    {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" when b != 0 => a / b,
        "//" when b != 0 => Math.Floor(a / b),
        "%" when b != 0 => a % b is var rest && rest != 0 && rest < 0 != b < 0 ? rest + b : rest,
        "**" when (a != 0 || b >= 0) && (a >= 0 || double.IsInteger(b)) => Math.Pow(a, b),
        _ => throw None(),
    };

    private static PyValue Wholes(string sign, BigInteger a, BigInteger b)
    {
        switch (sign)
        {
            case "+":
                return new PyInt(a + b);
            case "-":
                return new PyInt(a - b);
            case "*":
                return new PyInt(a.GetBitLength() + b.GetBitLength() <= MaxBits ? a * b : throw None());
            case "/" when !b.IsZero:
                return new PyFloat(PyNumbers.Nearest(a) / PyNumbers.Nearest(b));
            case "//" or "%" when !b.IsZero:
                var quotient = BigInteger.DivRem(a, b, out var rest);
                if (!rest.IsZero && rest.Sign != b.Sign)
                    (quotient, rest) = (quotient - 1, rest + b);
                return new PyInt(sign == "%" ? rest : quotient);
            case "**" when b.Sign < 0:
                return new PyFloat(Floats(sign, PyNumbers.Nearest(a), PyNumbers.Nearest(b)));
            case "**":
                return new PyInt(b <= MaxBits && a.GetBitLength() * (long)b <= MaxBits ? BigInteger.Pow(a, (int)b) : throw None());
            case "<<" or ">>" when b.Sign >= 0 && b <= MaxBits && a.GetBitLength() <= MaxBits:
                return new PyInt(sign == "<<" ? a << (int)b : a >> (int)b);
            case "&":
                return new PyInt(a & b);
            case "|":
                return new PyInt(a | b);
            case "^":
                return new PyInt(a ^ b);
            default:
                throw None();
        }
    }

    private static double Real(PyNumber number) => number is PyFloat { Value: var value } ? value : PyNumbers.Nearest(number.Whole);

    private static string Repeated(string text, PyValue times) => string.Concat(Enumerable.Repeat(text, Times(text.Length, times)));

    private static int Times(int length, PyValue times)
    {
        var count = BigInteger.Max(((PyNumber)times).Whole, 0);
        return count * Math.Max(length, 1) <= MaxItems ? (int)count : throw None();
    }

    private static NoCallException None() => new("an argument's arithmetic has no value");
}
