using System.Buffers;
using System.Runtime.CompilerServices;
using static Espalier.Models.Tokenizers.Expressions.ExpressionNode;

namespace Espalier.Models.Tokenizers.Expressions;

/// <summary>
/// Finds the matches of an expression in one text, as a backtracking engine does: the leftmost, and of the ways to match there the first.
/// What follows an instruction at a position does not depend on how it was reached, so nothing is tried there a second time: the work is
/// at most length × instructions, whatever the expression. Not safe for several threads.
/// </summary>
internal sealed class ExpressionMatcher(ExpressionProgram program)
{
    private readonly ExpressionInstruction[] _code = program.Code;
    private readonly int _words = (program.Marks + 63) / 64;

    // Of each run instruction the places from which it has failed altogether; nothing at first.
    private readonly (int From, int To)[] _failed = new (int, int)[program.Marks];
    private readonly Stack<(int Pc, int At, int Low, int High)> _open = new();
    private ulong[] _marks = [];
    private int _from, _lastEnd;

    /// <summary>Steps so far, which tests count.</summary>
    public long Steps { get; private set; }

    /// <summary>Begins a text of so many UTF-16 units.</summary>
    public void Begin(int length)
    {
        var size = checked((length + 1) * _words);
        _marks = ArrayPool<ulong>.Shared.Rent(size);
        _marks.AsSpan(0, size).Clear();
        Array.Fill(_failed, (0, -1));
        (_from, _lastEnd) = (0, -1);
    }

    public void End()
    {
        ArrayPool<ulong>.Shared.Return(_marks);
        _marks = [];
    }

    /// <summary>The next match; an empty one never where the last has ended.</summary>
    public bool Next(ReadOnlySpan<char> text, out int start, out int end)
    {
        for (start = _from; start <= text.Length; start += Step(text, start))
        {
            end = Match(text, start);
            if (end < 0 || (end == start && end == _lastEnd))
                continue;
            // What is marked beyond the end has failed; at the end, the match itself has been.
            _marks.AsSpan(end * _words, _words).Clear();
            (_from, _lastEnd) = (end == start ? end + Step(text, end) : end, end);
            return true;
        }
        (_from, end) = (text.Length + 1, text.Length);
        return false;
    }

    private static int Step(ReadOnlySpan<char> text, int at)
    {
        if (at >= text.Length)
            return 1;
        CodePointSet.At(text, at, out var length);
        return length;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Match(ReadOnlySpan<char> text, int at)
    {
        _open.Clear();
        var pc = 0;
        while (true)
        {
            Steps++;
            ref readonly var step = ref _code[pc];
            var goesOn = true;
            switch (step.Op)
            {
                case ExpressionOp.One:
                    goesOn = at < text.Length && step.Set!.Contains(CodePointSet.At(text, at, out var length)) && (at += length) > 0;
                    pc++;
                    break;
                case ExpressionOp.RunWhole:
                    at = step.Set!.Skip(text, at, step.A);
                    pc++;
                    break;
                case ExpressionOp.Run:
                    goesOn = Run(in step, text, pc, ref at);
                    pc++;
                    break;
                case ExpressionOp.Split:
                    goesOn = Marks(step.Mark, at);
                    if (goesOn)
                    {
                        _open.Push((step.B, at, -1, 0));
                        pc = step.A;
                    }
                    break;
                case ExpressionOp.Jump:
                    pc = step.A;
                    break;
                case ExpressionOp.Place:
                    goesOn = IsAt(((Place)step.Node!).Kind, text, at);
                    pc++;
                    break;
                case ExpressionOp.Look:
                    goesOn = Sees((Look)step.Node!, text, at);
                    pc++;
                    break;
                default:
                    return at;
            }
            if (!goesOn && !Back(text, ref pc, ref at))
                return -1;
        }
    }

    // Takes the run and leaves word where to go back to. A run that comes to where one has failed altogether need not go on there.
    private bool Run(in ExpressionInstruction step, ReadOnlySpan<char> text, int pc, ref int at)
    {
        var (from, to) = step.A == int.MaxValue ? _failed[step.Mark] : (0, -1);
        if (at >= from && at <= to)
            return false;
        var end = step.Set!.Skip(at < from ? text[..from] : text, at, step.A);
        var joins = at < from && end == from;
        if (end > at)
            _open.Push((pc, end, at, joins ? to : end));
        at = end;
        return !joins && Marks(step.Mark, at);
    }

    // To the last place from which there is another way.
    private bool Back(ReadOnlySpan<char> text, ref int pc, ref int at)
    {
        while (_open.TryPop(out var open))
        {
            (pc, at) = (open.Pc, open.At);
            if (open.Low < 0)
                return true;
            ref readonly var run = ref _code[pc];
            if (at == open.Low)
            {
                _failed[run.Mark] = (open.Low, open.High);
                continue;
            }
            Steps++;
            at -= at > 1 && char.IsLowSurrogate(text[at - 1]) && char.IsHighSurrogate(text[at - 2]) ? 2 : 1;
            _open.Push(open with { At = at });
            if (!Marks(run.Mark, at))
                continue;
            pc++;
            return true;
        }
        return false;
    }

    // False where it was marked already.
    private bool Marks(int mark, int at)
    {
        ref var word = ref _marks[at * _words + (mark >> 6)];
        var bit = 1UL << mark;
        if ((word & bit) != 0)
            return false;
        word |= bit;
        return true;
    }

    private static bool IsAt(PlaceKind kind, ReadOnlySpan<char> text, int at) => kind switch
    {
        PlaceKind.TextStart => at == 0,
        PlaceKind.TextEnd => at == text.Length,
        PlaceKind.TextEndOrLast => at == text.Length || (at == text.Length - 1 && text[at] == '\n'),
        PlaceKind.LineStart => at == 0 || (text[at - 1] == '\n' && at < text.Length),
        PlaceKind.LineEnd => at == text.Length || text[at] == '\n',
        _ => (IsWordAt(text, at) != (at > 0 && CodePointSet.IsWord(CodePointSet.Before(text, at)))) == (kind == PlaceKind.WordEdge),
    };

    private static bool IsWordAt(ReadOnlySpan<char> text, int at) =>
        at < text.Length && CodePointSet.IsWord(CodePointSet.At(text, at, out _));

    private static bool Sees(Look look, ReadOnlySpan<char> text, int at)
    {
        foreach (var row in look.Alternatives)
            if (look.Behind ? EndsWith(row, text, at) : StartsWith(row, text, at))
                return !look.Negated;
        return look.Negated;
    }

    private static bool StartsWith(IReadOnlyList<CodePointSet> row, ReadOnlySpan<char> text, int at)
    {
        foreach (var set in row)
        {
            if (at == text.Length || !set.Contains(CodePointSet.At(text, at, out var length)))
                return false;
            at += length;
        }
        return true;
    }

    private static bool EndsWith(IReadOnlyList<CodePointSet> row, ReadOnlySpan<char> text, int at)
    {
        for (var i = row.Count - 1; i >= 0; i--)
        {
            if (at == 0 || !row[i].Contains(CodePointSet.Before(text, at)))
                return false;
            at -= CodePointSet.Before(text, at) >= 0x10000 ? 2 : 1;
        }
        return true;
    }
}
