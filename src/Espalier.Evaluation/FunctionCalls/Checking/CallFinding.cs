namespace Espalier.Evaluation.FunctionCalls.Checking;

/// <summary>Why a call is wrong.</summary>
/// <param name="Fault">The kind, by BFCL's name of it (error_type of its score files): <c>type_error:simple</c>.</param>
/// <param name="Reason">A sentence with names and values.</param>
internal sealed record CallFinding(string Fault, string Reason);

/// <summary>The kinds of faults, by BFCL's names of them.</summary>
internal static class CallFaults
{
    /// <summary>The answer is not made of calls.</summary>
    public const string NotDecoded = "ast_decoder:decoder_failed";

    /// <summary>Another number of calls than one, where one function may be called.</summary>
    public const string SimpleCount = "simple_function_checker:wrong_count";

    /// <summary>Another number of calls than one, where one of several functions is to be called.</summary>
    public const string MultipleCount = "multiple_function_checker:wrong_count";

    /// <summary>Another number of calls than are wanted.</summary>
    public const string ParallelCount = "parallel_function_checker_no_order:wrong_count";

    /// <summary>No call is what one of the right ones is.</summary>
    public const string NoMatch = "parallel_function_checker_no_order:cannot_find_match";

    /// <summary>Another function is called.</summary>
    public const string FunctionName = "simple_function_checker:wrong_func_name";

    /// <summary>A required parameter is missing.</summary>
    public const string MissingRequired = "simple_function_checker:missing_required";

    /// <summary>A parameter is missing that may not be left out here.</summary>
    public const string MissingOptional = "simple_function_checker:missing_optional";

    /// <summary>A parameter that the function, or every right call, does not have.</summary>
    public const string Unexpected = "simple_function_checker:unexpected_param";

    /// <summary>A value of another type.</summary>
    public const string Type = "type_error:simple";

    /// <summary>A list with an item of another type.</summary>
    public const string ItemType = "type_error:nested";

    /// <summary>A value for Java that is no text.</summary>
    public const string JavaText = "type_error:java";

    /// <summary>A value for JavaScript that is no text.</summary>
    public const string JavaScriptText = "type_error:js";

    /// <summary>A text that is none of the right ones.</summary>
    public const string TextValue = "value_error:string";

    /// <summary>A list that is none of the right ones.</summary>
    public const string ListValue = "value_error:list/tuple";

    /// <summary>A dict's key that is not known, or is missing.</summary>
    public const string DictKey = "value_error:dict_key";

    /// <summary>A dict's value that is none of the right ones.</summary>
    public const string DictValue = "value_error:dict_value";

    /// <summary>A list of dicts of another length.</summary>
    public const string DictCount = "value_error:list_dict_count";

    /// <summary>A dict where nothing but its absence is right.</summary>
    public const string Dict = "dict_checker:unclear";

    /// <summary>A list of dicts where nothing is right.</summary>
    public const string DictList = "list_dict_checker:unclear";

    /// <summary>A number or a truth value that is none of the right ones.</summary>
    public const string OtherValue = "value_error:others";

    /// <summary>A call where none is wanted.</summary>
    public const string Irrelevant = "irrelevance_error:decoder_success";

    /// <summary>No call where one is wanted.</summary>
    public const string Relevant = "relevance_error:decoder_failed";
}
