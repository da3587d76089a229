using static Espalier.Models.Tokenizers.Expressions.ExpressionNode;

namespace Espalier.Models.Tokenizers.Expressions;

/// <summary>What an instruction does.</summary>
internal enum ExpressionOp
{
    /// <summary>Takes one character of the set.</summary>
    One,

    /// <summary>Takes characters of the set, the most first, up to <see cref="ExpressionInstruction.A"/>.</summary>
    Run,

    /// <summary>Takes characters of the set, the most and no fewer.</summary>
    RunWhole,

    /// <summary>Goes on at A; where that fails, at B.</summary>
    Split,

    /// <summary>Goes on at A.</summary>
    Jump,

    /// <summary>Asks for a place.</summary>
    Place,

    /// <summary>Looks ahead or behind.</summary>
    Look,

    /// <summary>The expression has matched.</summary>
    End,
}

/// <summary>One instruction.</summary>
/// <param name="Op">What it does.</param>
/// <param name="A">A target, or a number of repetitions.</param>
/// <param name="B">A target.</param>
/// <param name="Set">The set.</param>
/// <param name="Node">The place or the look.</param>
/// <param name="Mark">The bit of a position that says that the matcher has been here; −1 for none.</param>
internal readonly record struct ExpressionInstruction(ExpressionOp Op, int A, int B, CodePointSet? Set, ExpressionNode? Node, int Mark);

/// <summary>An expression as a list of instructions.</summary>
internal sealed class ExpressionProgram
{
    private const int MostInstructions = 20_000;

    private readonly List<ExpressionInstruction> _code = [];
    private readonly Func<string, EspalierException> _refuse;

    private ExpressionProgram(Func<string, EspalierException> refuse) => _refuse = refuse;

    public ExpressionInstruction[] Code { get; private set; } = [];

    /// <summary>Marks of a position.</summary>
    public int Marks { get; private set; }

    public static ExpressionProgram Of(ExpressionNode node, Func<string, EspalierException> refuse)
    {
        var program = new ExpressionProgram(refuse);
        program.Write(node);
        program.Put(ExpressionOp.End);
        program.Code = [.. program._code];
        return program;
    }

    private void Write(ExpressionNode node)
    {
        switch (node)
        {
            case One one:
                Put(ExpressionOp.One, set: one.Set);
                break;
            case Row row:
                foreach (var part in row.Parts)
                    Write(part);
                break;
            case Either either:
                Write(either.Parts, 0);
                break;
            case Repeat { Part: One { Set: var set }, Kind: not RepeatKind.Lazy } run:
                for (var i = 0; i < run.Least; i++)
                    Put(ExpressionOp.One, set: set);
                if (run.Most > run.Least)
                    Put(run.Kind == RepeatKind.Possessive ? ExpressionOp.RunWhole : ExpressionOp.Run,
                        run.Most == int.MaxValue ? int.MaxValue : run.Most - run.Least, set: set);
                break;
            case Repeat repeat:
                Write(repeat);
                break;
            default:
                Put(node is Place ? ExpressionOp.Place : ExpressionOp.Look, node: node);
                break;
        }
    }

    private void Write(IReadOnlyList<ExpressionNode> alternatives, int from)
    {
        if (from == alternatives.Count - 1)
        {
            Write(alternatives[from]);
            return;
        }
        var split = Put(ExpressionOp.Split);
        Write(alternatives[from]);
        var jump = Put(ExpressionOp.Jump);
        Aim(split, split + 1, _code.Count);
        Write(alternatives, from + 1);
        Aim(jump, _code.Count, 0);
    }

    private void Write(Repeat repeat)
    {
        for (var i = 0; i < repeat.Least; i++)
            Write(repeat.Part);
        var (first, splits) = (_code.Count, new List<int>());
        var optional = repeat.Most == int.MaxValue ? 1 : repeat.Most - repeat.Least;
        for (var i = 0; i < optional; i++)
        {
            splits.Add(Put(ExpressionOp.Split));
            Write(repeat.Part);
        }
        if (repeat.Most == int.MaxValue)
            Aim(Put(ExpressionOp.Jump), first, 0);
        foreach (var split in splits)
            if (repeat.Kind == RepeatKind.Lazy)
                Aim(split, _code.Count, split + 1);
            else
                Aim(split, split + 1, _code.Count);
    }

    private int Put(ExpressionOp op, int a = 0, CodePointSet? set = null, ExpressionNode? node = null)
    {
        if (_code.Count == MostInstructions)
            throw _refuse($"repetitions that add up to more than {MostInstructions} steps");
        _code.Add(new(op, a, 0, set, node, op is ExpressionOp.Split or ExpressionOp.Run ? Marks++ : -1));
        return _code.Count - 1;
    }

    private void Aim(int at, int a, int b) => _code[at] = _code[at] with { A = a, B = b };
}
