using System.Buffers;
using System.Runtime.CompilerServices;
using Espalier.Models.Tokenizers.Text;

namespace Espalier.Models.Tokenizers.Splitting;

/// <summary>Cuts words with a known split expression.</summary>
internal sealed class ScannerStep(SplitScanner scanner, WordStep next) : WordStep
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Accept(ReadOnlySpan<char> piece, bool startsText, IdBuffer ids)
    {
        for (int start = 0, end; start < piece.Length; start = end)
        {
            end = scanner.Next(piece, start);
            next.Accept(piece[start..end], startsText && start == 0, ids);
        }
    }
}

/// <summary>Cuts numbers out, each digit alone or a run at once.</summary>
internal sealed class DigitsStep(bool individual, WordStep next) : WordStep
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Accept(ReadOnlySpan<char> piece, bool startsText, IdBuffer ids)
    {
        for (int start = 0, end; start < piece.Length; start = end)
        {
            var isNumber = (CharacterClasses.At(piece, start, out var length) & CharacterClass.Number) != 0;
            end = !isNumber ? CharacterClasses.SkipNone(piece, start, CharacterClass.Number)
                : individual ? start + length
                : CharacterClasses.SkipAny(piece, start, CharacterClass.Number);
            next.Accept(piece[start..end], startsText && start == 0, ids);
        }
    }
}

/// <summary>Puts a space in front of a piece that does not start with one.</summary>
internal sealed class PrefixSpaceStep(WordStep next) : WordStep
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Accept(ReadOnlySpan<char> piece, bool startsText, IdBuffer ids)
    {
        if (piece[0] == ' ')
        {
            next.Accept(piece, startsText, ids);
            return;
        }
        var rented = ArrayPool<char>.Shared.Rent(piece.Length + 1);
        rented[0] = ' ';
        piece.CopyTo(rented.AsSpan(1));
        next.Accept(rented.AsSpan(0, piece.Length + 1), startsText, ids);
        ArrayPool<char>.Shared.Return(rented);
    }
}
